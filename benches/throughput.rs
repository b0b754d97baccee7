//! Records a second on the reference works, beside a plain heap program and SimPy, in one run.
//!
//!     cargo bench --bench throughput                  the whole table, about five minutes
//!     cargo bench --bench throughput -- --quick       a tenth of the simulated time
//!     cargo bench --bench throughput -- W0 W1         these cases
//!     cargo bench --bench throughput -- keys          cases whose name contains the text
//!
//! A simulated record costs the same only while the work is the same, so every program plays the
//! same work with the same parameters, and the table shows the throttled ratio of each: programs
//! that disagree there were not measured on the same thing. The first simulated
//! second, with the set-up (routing keys, building tables), is measured apart and subtracted; it
//! has a column of its own. SimPy's script leaves its set-up out. Of several repetitions the fastest counts, and they take turns.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark that fails should stop")]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the wall clock")]

#[path = "peers/heap.rs"]
mod heap;

#[path = "peers/reference_scenario.rs"]
mod reference_scenario;

use std::hint::black_box;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use heap::Work;
use reference_scenario::scenario_of;
use shardplan::engine::{Control, Options, simulate};
use shardplan::metrics::Observation;
use shardplan::scenario::{Client, Scenario, Source, read};

/// One line of work, with how often it is worth repeating.
struct Case {
    name: String,
    work: Work,
    /// The client in place of `put_record`, as a scenario has it; only shardplan has others.
    client: Option<&'static str>,
    repetitions: u32,
    simpy_seconds: Option<f64>,
}

/// One measured run.
#[derive(Clone, Copy, Debug)]
struct Run {
    records: u64,
    attempts: u64,
    throttled: u64,
    wall_seconds: f64,
    cpu_seconds: Option<f64>,
}

impl Run {
    fn wall_ns_per_record(&self) -> f64 {
        self.wall_seconds * 1e9 / self.records as f64
    }

    /// This run without what `set_up` did as well.
    fn without(&self, set_up: &Self) -> Self {
        Self {
            records: self.records - set_up.records,
            attempts: self.attempts - set_up.attempts,
            throttled: self.throttled - set_up.throttled,
            wall_seconds: (self.wall_seconds - set_up.wall_seconds).max(1e-9),
            cpu_seconds: self.cpu_seconds.zip(set_up.cpu_seconds).map(|(all, part)| all - part),
        }
    }
}

/// Steps of a spin loop: half a second.
const SPIN_STEPS: u64 = 400_000_000;

type Player = fn(&Work, Option<&str>) -> Option<Run>;

/// The Rust programs, in the order of the table.
const PLAYERS: [(&str, Player); 3] = [
    ("shardplan, 1 thread", |work, client| Some(play_shardplan(work, client, 1))),
    ("shardplan, 2 threads", |work, client| Some(play_shardplan(work, client, 2))),
    ("BinaryHeap, 1 thread", |work, client| client.is_none().then(|| play_heap(work))),
];
const HEAP: usize = 2;

fn main() {
    // `cargo bench` adds `--bench`; whatever does not start with a dash selects cases.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let wanted: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    print_spin_loops();
    println!(
        "\n{:<14} {:<21} {:>9} {:>10} {:>7} {:>7} {:>7} {:>7} {:>6} {:>7} {:>9}",
        "work",
        "program",
        "records",
        "records/s",
        "ns/rec",
        "ns/att",
        "CPU s",
        "1st s",
        "x heap",
        "x SimPy",
        "throttled"
    );
    let cases = cases(if quick { 0.1 } else { 1.0 });
    let is_name = |word: &&String| cases.iter().any(|case| case.name == **word);
    let (names, texts): (Vec<&String>, Vec<&String>) = wanted.into_iter().partition(is_name);
    for case in &cases {
        let named = names.iter().any(|word| case.name == **word);
        let selected = named || texts.iter().any(|word| case.name.contains(word.as_str()));
        if selected || names.is_empty() && texts.is_empty() {
            measure(case);
        }
    }
}

/// `scale` shortens the simulated time; sixteen shards play ten minutes of W1 when it is one, and of
/// W0, which is quick, fifty.
fn cases(scale: f64) -> Vec<Case> {
    let case = |name: &str, work: Work, duration: f64, repetitions, simpy_seconds: Option<f64>| {
        let work = Work { duration: (duration * scale).max(2.0), ..work };
        let simpy_seconds = simpy_seconds.map(|seconds| (seconds * scale).max(5.0));
        Case { name: name.to_owned(), work, client: None, repetitions, simpy_seconds }
    };
    let with_shards =
        |shards: usize, work: Work| Work { shards, rate: 750.0 * shards as f64, ..work };
    let with_client =
        |name, client| Case { client: Some(client), ..case(name, Work::W0, 3_000.0, 3, None) };
    let mut cases = vec![
        case("W0", Work::W0, 3_000.0, 3, None),
        case("W1", Work::W1, 600.0, 3, Some(60.0)),
        with_client("W0 put_records", "put_records: { round_trip: 0 s }"),
        with_client("W0 kpl", "kpl: {}"),
        case("W1 x256", with_shards(256, Work::W1), 60.0, 1, None),
        case("W1 x4096", with_shards(4096, Work::W1), 5.0, 1, None),
        case("even x4096", with_shards(4096, Work::EVEN), 5.0, 1, None),
    ];
    for (name, keys) in [("1e3", 1_000), ("1e4", 10_000), ("1e6", 1_000_000), ("1e7", 10_000_000)] {
        let work = Work { keys, ..Work::W1 };
        cases.push(case(&format!("W1 {name} keys"), work, 300.0, 2, None));
    }
    cases
}

fn measure(case: &Case) {
    let set_up_work = Work { duration: 1.0, ..case.work };
    let mut fastest: [Option<(Run, Run)>; PLAYERS.len()] = [None; PLAYERS.len()];
    for _ in 0..case.repetitions {
        for (slot, (_, play)) in fastest.iter_mut().zip(PLAYERS) {
            let runs = play(&set_up_work, case.client).zip(play(&case.work, case.client));
            let Some((set_up, run)) = runs else { continue };
            if run.records <= set_up.records {
                continue; // The program does not play this work yet.
            }
            if run.wall_seconds < 1.05 * set_up.wall_seconds {
                continue; // The difference of two long set-ups would tell nothing.
            }
            let pair = (run.without(&set_up), set_up);
            if slot.is_none_or(|(best, _)| pair.0.wall_seconds < best.wall_seconds) {
                *slot = Some(pair);
            }
        }
    }
    let simpy = case.simpy_seconds.map(|seconds| play_simpy(&case.work, seconds));
    let simpy_ns = simpy.as_ref().and_then(|run| run.as_ref().ok()).map(Run::wall_ns_per_record);
    let heap_ns = fastest[HEAP].map(|(run, _)| run.wall_ns_per_record());
    for ((program, _), slot) in PLAYERS.iter().zip(fastest) {
        match slot {
            Some((run, set_up)) => {
                print_row(&case.name, program, &run, Some(set_up.wall_seconds), heap_ns, simpy_ns);
            }
            None if case.client.is_some() => {}
            None => println!("{:<14} {program:<21} too short to tell", case.name),
        }
    }
    match simpy {
        Some(Ok(run)) => print_row(&case.name, "SimPy", &run, None, heap_ns, simpy_ns),
        Some(Err(reason)) => println!("{:<14} {:<21} {reason}", case.name, "SimPy"),
        None => {}
    }
}

fn print_row(
    case: &str,
    program: &str,
    run: &Run,
    set_up_seconds: Option<f64>,
    heap_ns: Option<f64>,
    simpy_ns: Option<f64>,
) {
    let or_dash = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
    };
    let ns = run.wall_ns_per_record();
    println!(
        "{case:<14} {program:<21} {:>9} {:>10} {ns:>7.1} {:>7.1} {:>7} {:>7} {:>6} {:>7} {:>9.4}",
        run.records,
        format!("{:.2} M", 1e3 / ns),
        run.wall_seconds * 1e9 / run.attempts as f64,
        or_dash(run.cpu_seconds, 2),
        or_dash(set_up_seconds, 2),
        or_dash(heap_ns.map(|heap| heap / ns), 2),
        or_dash(simpy_ns.map(|simpy| simpy / ns), 1),
        run.throttled as f64 / run.attempts as f64,
    );
}

/// Runs `job` and says how long it took and what CPU time this process spent on it.
fn timed<T>(job: impl FnOnce() -> T) -> (T, f64, Option<f64>) {
    let (started, cpu_before) = (Instant::now(), process_cpu_seconds());
    let result = job();
    let wall_seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = process_cpu_seconds().zip(cpu_before).map(|(after, before)| after - before);
    (result, wall_seconds, cpu_seconds)
}

/// CPU time of this process so far, all threads, in steps of 10 ms; only Linux tells.
fn process_cpu_seconds() -> Option<f64> {
    const CLOCK_TICKS_PER_SECOND: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses and may hold spaces: count from behind it.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let user: f64 = fields.nth(11)?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / CLOCK_TICKS_PER_SECOND)
}

fn play_heap(work: &Work) -> Run {
    let (figures, wall_seconds, cpu_seconds) = timed(|| heap::run(black_box(*work)));
    Run {
        records: figures.records,
        attempts: figures.attempts,
        throttled: figures.throttled,
        wall_seconds,
        cpu_seconds,
    }
}

fn play_shardplan(work: &Work, client: Option<&str>, threads: usize) -> Run {
    let mut scenario = scenario_of(work);
    if let Some(client) = client {
        scenario.producers[0].client = client_of(client);
    }
    let pool = pool_of(threads);
    let (observations, wall_seconds, cpu_seconds) =
        timed(|| pool.install(|| shardplan_observations(&scenario)));
    let sum = |count: fn(&Observation) -> u64| observations.iter().map(count).sum();
    Run {
        records: sum(|run| run.producers[0].generated_records),
        attempts: sum(|run| run.producers[0].attempts),
        throttled: sum(|run| run.producers[0].throttled),
        wall_seconds,
        cpu_seconds,
    }
}

/// Threads that stay: the operating system needs a while until each has a processor of its own, longer
/// than the shortest runs take.
fn pool_of(threads: usize) -> &'static rayon::ThreadPool {
    static POOLS: [OnceLock<rayon::ThreadPool>; 2] = [OnceLock::new(), OnceLock::new()];
    POOLS[threads - 1].get_or_init(|| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("the operating system gives threads");
        pool.broadcast(|_| spin_once(SPIN_STEPS));
        pool
    })
}

/// A client with what a scenario says of it, and the documented defaults for all else.
fn client_of(client: &str) -> Client {
    let text = format!(
        "{{ version: 1, name: client, duration: 1 s,
            stream: {{ capacity: {{ provisioned: {{ shards: 1 }} }} }},
            producers: [{{ name: writer, client: {{ {client} }}, arrivals: poisson,
                traffic: {{ constant: 1 record/s }}, record_size: {{ constant: 1 B }},
                partition_key: {{ single: key }} }}] }}"
    );
    let source = Source { name: "client.yaml".to_owned(), text };
    let no_files = &mut |path: &str| Err(format!("{path} is not needed"));
    let scenario = read(&source, &[], no_files).expect("the language has the client");
    scenario.producers[0].client.clone()
}

fn shardplan_observations(scenario: &Scenario) -> Vec<Observation> {
    simulate(black_box(scenario), &Options::default(), &|_| Control::Continue)
        .expect("the observer never stops the run")
}

/// W1 in SimPy for `simulated_seconds`, or why not.
fn play_simpy(work: &Work, simulated_seconds: f64) -> Result<Run, String> {
    const MISSING: &str = "skipped: python3 with simpy not found";
    let has_simpy = Command::new("python3").args(["-c", "import simpy"]).output();
    if !has_simpy.is_ok_and(|output| output.status.success()) {
        return Err(MISSING.to_owned());
    }
    let output = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/simpy_w1.py"))
        .args([simulated_seconds, work.shards as f64].map(|number| format!("{number:.0}")))
        .args([work.keys.to_string(), work.exponent.to_string(), work.rate.to_string()])
        .arg(work.seed.to_string())
        .output()
        .map_err(|error| format!("skipped: {error}"))?;
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("failed: {}", String::from_utf8_lossy(&output.stderr).trim()))?;
    let count = |name: &str| figures[name].as_u64().expect("the script prints counts");
    let seconds = |name: &str| figures[name].as_f64();
    Ok(Run {
        records: count("records"),
        attempts: count("attempts"),
        throttled: count("throttled"),
        wall_seconds: seconds("wall_seconds").expect("the script prints its time"),
        cpu_seconds: seconds("cpu_seconds"),
    })
}

/// What two threads of pure arithmetic get over one: the most that any program can gain here.
fn print_spin_loops() {
    let one = (0..3).map(|_| spin_seconds(1, SPIN_STEPS)).fold(f64::INFINITY, f64::min);
    let two = (0..3).map(|_| spin_seconds(2, SPIN_STEPS)).fold(f64::INFINITY, f64::min);
    println!(
        "spin loops: one thread {one:.2} s, two threads twice the work in {two:.2} s: x{:.2}",
        2.0 * one / two
    );
}

fn spin_seconds(threads: usize, steps: u64) -> f64 {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| spin_once(steps));
        }
    });
    started.elapsed().as_secs_f64()
}

fn spin_once(steps: u64) {
    let mut state = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}
