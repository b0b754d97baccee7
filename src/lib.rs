//! shardplan: a capacity planner and load simulator for Amazon Kinesis Data Streams.
//!
//! Data flows one way through the modules; each imports only from those before it:
//! `scenario`, `model`, `engine`, `metrics`, `analysis`, `report`, `cli`. The vocabulary
//! (`units`, `time`, `quotas`, `random`, `hash_key`) is open to all.
//!
//! From the text of a scenario to what was observed, here one shard that is offered half as much
//! again as it takes:
//!
//! ```
//! use shardplan::engine::{Control, Options, simulate};
//! use shardplan::scenario::{Source, read};
//!
//! let text = "
//! version: 1
//! name: one-shard
//! duration: 1 min
//! stream: { capacity: { provisioned: { shards: 1 } } }
//! producers:
//!   - name: web
//!     client: { put_record: { retries: { attempts: 1 } } }
//!     traffic: { constant: 1500 records/s }
//!     record_size: { constant: 600 B }
//!     partition_key: { uniform: { keys: 1000 } }
//! ";
//! let source = Source { name: "example.yaml".to_owned(), text: text.to_owned() };
//! let no_files = &mut |path: &str| Err(format!("{path} is not needed"));
//! let scenario = read(&source, &[], no_files).map_err(|problems| problems.render(false))?;
//! let runs = simulate(&scenario, &Options::default(), &|_progress| Control::Continue)?;
//! let web = &runs[0].producers[0];
//! let throttled_ratio = web.throttled as f64 / web.attempts as f64;
//! assert!((0.31..0.34).contains(&throttled_ratio), "a third, less the burst");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod analysis;
pub mod cli;
pub mod engine;
pub mod hash_key;
pub mod metrics;
pub mod model;
pub mod quotas;
pub mod random;
pub mod report;
pub mod scenario;
pub mod time;
pub mod units;
