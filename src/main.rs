//! The command line of shardplan; everything is in the library.

fn main() {}
