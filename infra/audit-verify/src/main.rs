//! `audit-verify EXPORT [CHECKPOINT]`: says whether an export of the audit log is as it was recorded.
#![expect(clippy::print_stdout, reason = "a program for the command line")]

use std::fs::{File, read_to_string};
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;

/// Check an export of the audit log (`GET /api/v1/audit/export`) without the server that made it.
#[derive(Parser)]
struct Arguments {
    /// The export, NDJSON.
    export: PathBuf,
    /// A checkpoint that was kept elsewhere (`POST /api/v1/audit/checkpoints`): the export must fit it.
    checkpoint: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let kept = arguments.checkpoint.map(|path| {
        let text = read_to_string(&path).with_context(|| path.display().to_string())?;
        audit_verify::checkpoint(&text).with_context(|| path.display().to_string())
    });
    let kept = kept.transpose()?;
    let export = File::open(&arguments.export).with_context(|| arguments.export.display().to_string())?;
    let proof = audit_verify::verify(BufReader::new(export), kept.as_ref())?;
    println!("{}", audit_verify::report(&proof, kept.as_ref())?);
    Ok(())
}
