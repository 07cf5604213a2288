//! Checks an export of the audit log without the server that made it.
//!
//! The export's lines are chained ([`chain`]). A signed checkpoint ends it; one that begins after the first entry
//! has one of the entry before, too. A checkpoint that was kept elsewhere binds it to what the log said then.

use std::io::BufRead;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use chain::{Broken, Checkpoint, Walk};
use ed25519_compact::{PublicKey, Signature};
use serde_json::{Map, Value};

/// What a sound export holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many entries.
    pub entries: i64,
    /// The checkpoint that ends it.
    pub end: Checkpoint,
    /// Whether it holds the entry of the checkpoint that was kept.
    pub kept_is_inside: bool,
}

/// Check `export`, and that it fits the `kept` checkpoint if there is one.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn verify(export: impl BufRead, kept: Option<&Checkpoint>) -> Result<Proof> {
    if let Some(kept) = kept {
        check_signature(kept).context("the kept checkpoint")?;
    }
    let mut check = Check { kept, walk: None, entries: 0, end: None, kept_is_inside: false };
    for (number, line) in export.lines().enumerate() {
        check.line(&line?).with_context(|| format!("line {}", number + 1))?;
    }
    let end = check.end.context("the end is missing: no signed checkpoint of the last entry")?;
    Ok(Proof { entries: check.entries, end, kept_is_inside: check.kept_is_inside })
}

/// Read a kept checkpoint: as the API answers it, or a line of an export.
///
/// # Errors
/// What is missing.
pub fn checkpoint(text: &str) -> Result<Checkpoint> {
    let mut value: Value = serde_json::from_str(text).context("not JSON")?;
    let inner = value.get_mut("checkpoint").map(Value::take).unwrap_or(value);
    serde_json::from_value(inner).context("not a checkpoint")
}

struct Check<'a> {
    kept: Option<&'a Checkpoint>,
    /// Begins with the first line.
    walk: Option<Walk>,
    entries: i64,
    /// Set while the last line was a checkpoint of the last entry.
    end: Option<Checkpoint>,
    kept_is_inside: bool,
}

impl Check<'_> {
    fn line(&mut self, line: &str) -> Result<()> {
        let value: Map<String, Value> = serde_json::from_str(line).context("not a JSON object")?;
        if value.contains_key("checkpoint") { self.checkpoint(checkpoint(line)?) } else { self.entry(&value) }
    }

    fn checkpoint(&mut self, checkpoint: Checkpoint) -> Result<()> {
        check_signature(&checkpoint)?;
        if let Some(kept) = self.kept {
            ensure!(
                kept.public_key == checkpoint.public_key,
                "signed with another key than the kept checkpoint"
            );
        }
        let walk = match self.walk.take() {
            Some(walk) => walk,
            None => Walk::after(checkpoint.sequence, checkpoint.hash.clone()),
        };
        let fits = walk.next.saturating_sub(1) == checkpoint.sequence && walk.prev_hash == checkpoint.hash;
        ensure!(fits, "the signed checkpoint does not fit the entries before it");
        self.walk = Some(walk);
        self.check_kept(checkpoint.sequence, &checkpoint.hash)?;
        self.end = Some(checkpoint);
        Ok(())
    }

    fn entry(&mut self, entry: &Map<String, Value>) -> Result<()> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).with_context(|| format!("no {name}"));
        let sequence = entry.get("sequence").and_then(Value::as_i64).context("no sequence")?;
        let event = entry.get("event").context("no event")?.to_string();
        let (hash, prev_hash) = (text("hash")?, text("prevHash")?);
        let walk = self.walk.get_or_insert_with(Walk::from_start);
        ensure!(
            sequence != walk.next || prev_hash == walk.prev_hash,
            "entry {sequence} is altered: it does not follow the one before"
        );
        walk.step(sequence, text("receivedAt")?, &event, hash).map_err(said)?;
        self.entries = self.entries.saturating_add(1);
        self.end = None;
        let hash = hash.to_owned();
        self.check_kept(sequence, &hash)
    }

    fn check_kept(&mut self, sequence: i64, hash: &str) -> Result<()> {
        if let Some(kept) = self.kept.filter(|kept| kept.sequence == sequence) {
            ensure!(kept.hash == hash, "entry {sequence} is not what the kept checkpoint says");
            self.kept_is_inside = true;
        }
        Ok(())
    }
}

fn said(broken: Broken) -> anyhow::Error {
    anyhow!("entry {} is {}", broken.sequence, format!("{:?}", broken.reason).to_lowercase())
}

fn check_signature(checkpoint: &Checkpoint) -> Result<()> {
    let key = PublicKey::from_slice(&hex::decode(&checkpoint.public_key)?)
        .map_err(|_| anyhow!("not a public key"))?;
    let signature = Signature::from_slice(&hex::decode(&checkpoint.signature)?)
        .map_err(|_| anyhow!("not a signature"))?;
    let valid = key.verify(checkpoint.signed_text(), &signature).is_ok();
    ensure!(valid, "the checkpoint's signature is not valid");
    Ok(())
}

/// What the program says of a proof.
pub fn report(proof: &Proof, kept: Option<&Checkpoint>) -> Result<String> {
    let Checkpoint { sequence, hash, public_key, time, .. } = &proof.end;
    let mut said = format!(
        "valid: {} entries up to {sequence}\nhash   {hash}\nsigned {time} with {public_key}",
        proof.entries
    );
    match kept {
        Some(kept) if !proof.kept_is_inside => {
            bail!("the kept checkpoint's entry {} is not there", kept.sequence)
        }
        Some(kept) => said.push_str(&format!("\nkept checkpoint of entry {} fits", kept.sequence)),
        None => {}
    }
    Ok(said)
}
