//! What the READMEs say to paste works, and answers what they say.

use std::process::Command;

use serde_json::Value;
use tests::{TestApp, root};

/// Printed between the output of two blocks.
const MARK: &str = "\n=== next ===\n";

/// A block to paste, and what it answers if that is said.
struct Step {
    shell: String,
    answer: Option<Value>,
}

fn steps(readme: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in readme.split("\n```").skip(1).step_by(2) {
        if let Some(shell) = block.strip_prefix("sh\n") {
            steps.push(Step { shell: shell.to_owned(), answer: None });
        } else if let Some(json) = block.strip_prefix("json\n") {
            let answer = serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"));
            steps.last_mut().expect("a command before its answer").answer = Some(answer);
        }
    }
    steps
}

/// Paste the blocks into one shell; the output of each.
fn paste(app: &TestApp, steps: &[Step]) -> Vec<String> {
    let blocks: Vec<_> = steps.iter().map(|step| step.shell.as_str()).collect();
    let script = blocks.join(&format!("\nprintf '%s' '{MARK}'\n"));
    let run = || Command::new("bash").args(["-euc", &script]).env("API", app.base()).output().expect("bash");
    let output = tokio::task::block_in_place(run);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().split(MARK).map(str::to_owned).collect()
}

/// Whether an answer has what the README shows of it: `…` is any text, and members may be left out.
fn shows(shown: &Value, answer: &Value) -> bool {
    match (shown, answer) {
        (Value::String(shown), Value::String(_)) if shown == "…" => true,
        (Value::Object(shown), Value::Object(answer)) => {
            shown.iter().all(|(name, shown)| answer.get(name).is_some_and(|answer| shows(shown, answer)))
        }
        (Value::Array(shown), Value::Array(answer)) => {
            shown.len() == answer.len()
                && shown.iter().zip(answer).all(|(shown, answer)| shows(shown, answer))
        }
        (shown, answer) => shown == answer,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_readmes_say_to_paste_answers_what_they_say() {
    for (name, fewest) in [("README.md", 7), ("README.ko.md", 6)] {
        let app = TestApp::start().await;
        let steps = steps(&std::fs::read_to_string(root().join(name)).unwrap());
        assert!(steps.len() >= fewest, "{name} has {} blocks", steps.len());
        for (step, output) in steps.iter().zip(paste(&app, &steps)) {
            let Some(shown) = &step.answer else { continue };
            let answer = serde_json::from_str(&output).unwrap_or_else(|_| panic!("{name}: {output}"));
            assert!(shows(shown, &answer), "{name}\n{}\nshows   {shown}\nanswers {answer}", step.shell);
        }
    }
}
