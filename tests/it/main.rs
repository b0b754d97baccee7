//! One integration binary, so that the library is linked once. The topics:
//!
//! The house
//! - `layering`: which module may import which, and the shape of source files.
//!
//! The engine against independent accounts
//! - `closed_form`: what queueing theory says about the simplest streams.
//! - `oracles`: programs and tables that know nothing of shardplan, and agree with each other.
//! - `independent`: the engine against those accounts.
//! - `reference_work`: the shipped benchmark scenarios give the agreed figures.
//!
//! The engine against its specification
//! - `support`: from a scenario to figures, for the topics below.
//! - `determinism`: the same bytes for any number of threads and any window.
//! - `foreseen`: attempts that are booked beforehand, against those that are looked at.
//! - `common_random_numbers`: variants meet the same records.
//! - `conservation`: sums that hold for every scenario.
//! - `series_steps`: a long run keeps fewer rows and the same figures.
//! - `cost`: bills recomputed from the records, line by line.
//! - `routing`: partition keys to shards, against an MD5 of our own.
//! - `partition_keys`: what each strategy of keys does to the shards, published skew included.
//! - `kpl`: the Kinesis Producer Library.
//! - `bounded_client`: calls under way, buffers, and records without room.
//! - `write_limits`: what a shard takes.
//! - `time_outs`: records that come twice, because an answer was lost.
//! - `traces`: recorded traffic is replayed as it was.
//! - `key_order`: records that a later one of their key overtakes.
//! - `read_limits`: what a shard gives, and how consumers fall behind.
//! - `functions`: what event source mappings of Lambda do.
//! - `deliveries`: what Firehose writes, and when.
//! - `leases`: workers of the KCL, and jobs of Flink.
//! - `micro_batches`: jobs of Spark that are triggered.
//! - `incidents`: outages, replays and late joiners, and what is done twice.
//! - `autoscaling`: policies and on-demand streams, published figures included.
//! - `service_clients`: the agent, the Flink sink, a subscription of CloudWatch Logs.
//! - `evening`: plans of splits and merges.
//! - `resharding`: shards that split and merge, and what becomes of the records on their way.
//!
//! The scenario language
//! - `language`: from text to scenario.
//! - `language_load`: traffic, arrivals and record sizes.
//! - `language_problems`: what is wrong with a scenario, and where it is shown.
//! - `language_keys`: partition keys, from simple ones to templates, times and salts.
//! - `language_files`: files of keys and of shards that a scenario names.
//! - `language_documentation`: the reference, the schema and the shipped scenarios.
//! - `language_hostile`: texts that try to break the reader or to exhaust it.
//!
//! The command line
//! - `cli`: arguments, exit codes and messages, without a run.
//! - `cli_keys`: where real keys land, from a file or a pipe.
//! - `cli_run`: runs from a scenario file to a report.
//! - `cost_commands`: bills, price books and hand-overs.
//! - `cost_modes`: bills of streams whose shards or whose mode change, from single seconds.
//! - `comparing`: variants under common random numbers, and grids.
//! - `verdicts`: any figure, replications until clear, JUnit, warnings.
//! - `coverage`: intervals hold the truth as often as they say.
//! - `sizing`: the least capacity, on cases with a known answer.
//! - `result_schema`: what a run prints, held against the schema that is published.
//! - `browser`: the page of a pack in a headless browser.
//! - `gallery`: the committed packs are what the tool writes today.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that fails should say where"
)]

mod advice;
mod autoscaling;
mod bounded_client;
mod browser;
mod cli;
mod cli_keys;
mod cli_run;
mod closed_form;
mod common_random_numbers;
mod comparing;
mod conservation;
mod cost;
mod cost_commands;
mod cost_modes;
mod coverage;
mod decision_packs;
mod deliveries;
mod determinism;
mod evening;
mod foreseen;
mod functions;
mod gallery;
mod incidents;
mod independent;
mod key_order;
mod kpl;
mod language;
mod language_documentation;
mod language_files;
mod language_hostile;
mod language_keys;
mod language_load;
mod language_problems;
mod layering;
mod leases;
mod micro_batches;
mod oracles;
mod partition_keys;
mod read_limits;
mod reference_work;
mod resharding;
mod result_schema;
mod routing;
mod series_steps;
mod service_clients;
mod sizing;
mod support;
mod time_outs;
mod traces;
mod verdicts;
mod warm_up;
mod write_limits;
