//! Turns the raw file into a [`Scenario`] and holds the rules that a schema cannot say.
//!
//! Every check goes on after a problem, so that one run shows them all; the values made on the
//! way are thrown away when anything was wrong.

mod client;
mod consumer;
mod counted_file;
mod incident;
mod key_file;
mod key_template;
mod micro_batch;
mod partition_key;
mod policy;
mod producer;
mod quota;
mod record_size;
mod scaling;
mod scaling_utils;
mod service;
mod shard_file;
mod size_file;
mod stream;
mod trace;
mod traffic;

pub use shard_file::open_shards;

use super::diagnostic::{Diagnostic, Problems};
use super::digest::Digest;
use super::quantity::{WarmUp, Written};
use super::raw;
use super::trace::StreamedFile;
use super::tree::Node;
use super::{Arrivals, Incident, IncidentKind, Producer, Scenario, WarmUpSearch};
use crate::quotas::Quotas;
use crate::time::{Span, Timestamp};

/// Gives the bytes of a file that a scenario names, or why it cannot.
type Open<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// Gives a file that a scenario names, to be read as a stream, or why it cannot.
type OpenStream<'a> = dyn FnMut(&str) -> Result<StreamedFile, String> + 'a;

/// How the files that a scenario names are opened, each by its path as it is written.
#[allow(missing_debug_implementations, reason = "it holds closures")]
pub struct Files<'a> {
    open: &'a mut Open<'a>,
    /// For files of any length; when not given, they are read by `open`.
    open_stream: Option<&'a mut OpenStream<'a>>,
}

impl<'a> Files<'a> {
    /// All files are given as bytes.
    pub fn new(open: &'a mut Open<'a>) -> Self {
        Self { open, open_stream: None }
    }

    /// Files of any length are given as streams.
    pub fn streaming(open: &'a mut Open<'a>, open_stream: &'a mut OpenStream<'a>) -> Self {
        Self { open, open_stream: Some(open_stream) }
    }
}

/// What every check needs.
pub(super) struct Context<'a, 'b> {
    /// Where problems go.
    pub(super) problems: &'a mut Problems,
    /// Opens the files that the scenario names.
    pub(super) files: &'a mut Files<'b>,
    /// Takes in what is read.
    pub(super) digest: Digest,
    /// The quotas in force.
    pub(super) quotas: Quotas,
    /// Simulated time of one replication.
    pub(super) duration: Span,
    /// The moment at which the run starts.
    pub(super) starts_at: Timestamp,
}

impl Context<'_, '_> {
    /// Reports a problem at a value of the scenario.
    fn error(
        &mut self,
        code: &'static str,
        node: &Node,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.problems.add(code, node.place, message)
    }

    /// The bytes of the file that `node` names.
    fn read_file(&mut self, path: &str, node: &Node) -> Option<Vec<u8>> {
        match (self.files.open)(path) {
            Ok(bytes) => {
                self.digest.add_file(&bytes);
                Some(bytes)
            }
            Err(reason) => self.not_readable(reason, node),
        }
    }

    /// The file that `node` names, to be read as a stream.
    fn stream_file(&mut self, path: &str, node: &Node) -> Option<StreamedFile> {
        let opened = match &mut self.files.open_stream {
            Some(open_stream) => open_stream(path),
            None => (self.files.open)(path).map(StreamedFile::from_bytes),
        };
        match opened {
            Ok(file) => Some(file),
            Err(reason) => self.not_readable(reason, node),
        }
    }

    fn not_readable<T>(&mut self, reason: String, node: &Node) -> Option<T> {
        self.error("file-not-readable", node, reason)
            .help("the path is relative to the folder of the scenario");
        None
    }
}

/// The quantity of an optional field, or its default.
fn or<Q: Copy>(written: Option<&Written<Q>>, default: Q) -> Q {
    written.map_or(default, |written| written.0)
}

/// Checks the whole scenario; the value is of use only when no problem was found.
pub(super) fn scenario(raw: raw::Scenario, root: &Node, mut context: Context<'_, '_>) -> Scenario {
    let quotas_set = match &raw.quotas {
        Some(quotas) => quotas.apply(&mut context.quotas),
        None => Vec::new(),
    };
    quota::check(root.at("quotas"), &mut context);
    check_times(&raw, root, &mut context);
    check_names(&raw, root, &mut context);
    let stream = stream::stream(&raw.stream, root.at("stream"), &mut context);
    let nodes = root.at("producers");
    let producers: Vec<_> = raw
        .producers
        .iter()
        .enumerate()
        .map(|(index, producer)| {
            producer::producer(producer, nodes.item(index), &stream, &mut context)
        })
        .collect();
    check_traffic(&producers, nodes, &mut context);
    let consumers = raw.consumers.unwrap_or_default();
    let consumers =
        consumer::consumers(&consumers, root.at("consumers"), stream.mode, &mut context);
    let incidents = raw.incidents.unwrap_or_default();
    let met = (consumers.as_slice(), stream.shards.len());
    let incidents = incident::incidents(&incidents, root.at("incidents"), met, &mut context);
    if stream.reshards() {
        check_resharding(&incidents, root, &mut context);
    }
    let objectives = match &raw.objectives {
        Some(objectives) => {
            let node = root.at("objectives");
            consumer::objectives(objectives, node, &consumers, raw.region.is_some(), &mut context)
        }
        None => Vec::new(),
    };
    let (warm_up, warm_up_search) = warm_up(raw.warm_up.as_ref());
    Scenario {
        name: raw.name.0.0,
        question: raw.question,
        region: raw.region.map(|region| region.0.0),
        starts_at: context.starts_at,
        duration: raw.duration.0,
        warm_up,
        warm_up_search,
        seed: raw.seed.unwrap_or(1),
        replications: raw.replications.unwrap_or(1),
        stream,
        producers,
        consumers,
        incidents,
        objectives,
        objective_figures: raw
            .objectives
            .and_then(|objectives| objectives.figures)
            .map(|figures| figures.into_iter().map(|each| each.figure).collect())
            .unwrap_or_default(),
        quotas: context.quotas,
        quotas_set,
        digest: context.digest.finish(),
    }
}

/// What is not simulated on a stream whose shards change.
fn check_resharding(incidents: &[Incident], root: &Node, context: &mut Context<'_, '_>) {
    for (index, incident) in incidents.iter().enumerate() {
        if matches!(incident.kind, IncidentKind::Replay(_)) {
            let message = "a replay over shards that change";
            let help = "fix the shards, or leave the replay out";
            let node = root.at("incidents").item(index);
            context.error("not-modelled", node, message).help(help);
        }
    }
}

/// The warm-up that is written; none yet where it is to be found.
fn warm_up(written: Option<&Written<WarmUp>>) -> (Span, WarmUpSearch) {
    match written {
        Some(Written(WarmUp::Of(span))) => (*span, WarmUpSearch::Given),
        Some(Written(WarmUp::Auto)) => (Span::ZERO, WarmUpSearch::Asked),
        None => (Span::ZERO, WarmUpSearch::Open),
    }
}

/// `0 < duration`, `warm_up < duration`.
fn check_times(raw: &raw::Scenario, root: &Node, context: &mut Context<'_, '_>) {
    let duration = raw.duration.0;
    if duration == Span::ZERO {
        context.error("out-of-range", root.at("duration"), "`duration` must be more than zero");
        return;
    }
    let (warm_up, _) = warm_up(raw.warm_up.as_ref());
    if warm_up >= duration {
        let message = format!("`warm_up` ({warm_up}) leaves nothing of `duration` ({duration})");
        let help = "what is generated in the warm-up is not counted, so it must be shorter";
        context.error("out-of-range", root.at("warm_up"), message).help(help);
    }
}

/// Producers and consumers share one space of names: reports and overrides refer to them.
fn check_names(raw: &raw::Scenario, root: &Node, context: &mut Context<'_, '_>) {
    let (producers, consumers) = (root.at("producers"), root.at("consumers"));
    let of_producers = raw.producers.iter().enumerate();
    let of_producers = of_producers.map(|(i, each)| (&each.name.0.0, producers.item(i).at("name")));
    let of_consumers = raw.consumers.iter().flatten().enumerate();
    let of_consumers = of_consumers.map(|(i, each)| (&each.name.0.0, consumers.item(i).at("name")));
    let mut seen: Vec<(&String, &Node)> = Vec::new();
    for (name, node) in of_producers.chain(of_consumers) {
        match seen.iter().find(|other| other.0 == name) {
            Some((_, first)) => {
                let first = first.place;
                let message = format!("the name `{name}` is taken");
                let problem = context.error("duplicate-name", node, message);
                problem.help("names are unique among producers and consumers together");
                if first.source == node.place.source {
                    problem.context(first.start..first.end, "first used here");
                }
            }
            None => seen.push((name, node)),
        }
    }
}

/// A run without a record answers nothing.
fn check_traffic(producers: &[Producer], node: &Node, context: &mut Context<'_, '_>) {
    let duration = context.duration;
    // A trace has a record, or a problem that was reported.
    let is_silent = |producer: &Producer| {
        producer.arrivals != Arrivals::Recorded
            && producer.traffic.highest_per_second(duration) <= 0.0
    };
    if producers.iter().all(is_silent) {
        let message = "no producer generates a record: every rate is zero";
        context.error("no-traffic", node, message).help("give at least one producer a rate");
    }
}
