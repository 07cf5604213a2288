//! Which kinds of events no story has made happen, and which that happened are not as their type says. Ends with 1 when
//! there are any.

use std::process::ExitCode;

use contract::catalogue::{Kind, kinds};

fn main() -> ExitCode {
    let faults: Vec<_> = kinds().iter().filter_map(fault).collect();
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fault(kind: &Kind) -> Option<String> {
    let seen = tests::root().join("target/events-seen").join(kind.name);
    let Ok(seen) = std::fs::read_to_string(seen) else {
        return Some(format!("no story makes {} happen", kind.name));
    };
    seen.lines().find_map(|line| match serde_json::from_str(line) {
        Ok(data) => (kind.check)(kind.name, &data),
        Err(error) => Some(format!("{}: {error}: {line}", kind.name)),
    })
}
