//! A panic is a defect of shardplan and is reported as one: a short message and exit code 70.

use std::io::Write;
use std::panic::{self, PanicHookInfo};

/// Exit code of a defect, `EX_SOFTWARE` of sysexits.h.
const EXIT_CODE: i32 = 70;

/// From now on a panic in any thread prints the message and ends the process.
pub(super) fn install_hook() {
    panic::set_hook(Box::new(|info| {
        // Nobody is left to hear of a message that cannot be written.
        let _ = std::io::stderr().write_all(message(info).as_bytes());
        std::process::exit(EXIT_CODE);
    }));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = info.location().map_or_else(
        || "an unknown place".to_owned(),
        |place| format!("{}:{}", place.file(), place.line()),
    );
    format!(
        "\nThis is a defect of shardplan {}, not of your scenario.\n  {what}\n  at {place}\n\
         Please report it with the scenario that caused it. Nothing was written.\n",
        env!("CARGO_PKG_VERSION"),
    )
}
