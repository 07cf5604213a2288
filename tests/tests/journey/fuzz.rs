//! schemathesis asks the API what its description allows and what it forbids, thousands of times, and finds no fault.

use std::process::Command;

use serde_json::json;
use tests::{HostProcess, python, root};

/// Less than the five minutes that an access token lives.
const SECONDS: u64 = 240;

#[tokio::test(flavor = "multi_thread")]
async fn the_description_holds_for_thousands_of_generated_requests() {
    if std::env::var("JANGTEO_URL").is_ok() {
        eprintln!("not tried: this leaves an instance of its own in disorder");
        return;
    }
    let state = tempfile::tempdir().unwrap();
    // No limit ends what is tried: those have stories of their own.
    let unlimited = [
        ("signup_limit", "0"),
        ("declines_limit", "0"),
        ("open_orders_limit", "0"),
        ("rate_limit_credentials", "0"),
        ("rate_limit_writes", "0"),
        ("rate_limit_reads", "0"),
    ];
    let host = HostProcess::with_variables(state.path(), &unlimited);
    let app = host.app();
    app.stranger().get("/health").await.assert_status(200);
    let buyer = app.buyer("buyer").await;
    // Something to be found by who asks for what is there.
    let product = app.seller("seller").await.sells("5.00", 10).await;
    buyer.buys(&[&product]).await;
    // A short look asks the same each time; a long one asks what nobody asked before.
    let (seconds, seed) = match std::env::var("JANGTEO_FUZZ_SECONDS") {
        Ok(seconds) => (seconds, 1),
        Err(_) => (SECONDS.to_string(), fastrand::u32(..)),
    };
    let ours = root().join("tests/python/fuzz");
    let mut command = Command::new(python());
    // It keeps what it found in the folder where it runs, and would ask that first another time.
    command
        .current_dir(state.path())
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(ours.join("schemathesis.toml"))
        .args(["run", "--no-color"])
        .args(["--exclude-deprecated", "--max-time", &seconds, "--seed", &seed.to_string()])
        .arg(format!("{}/openapi.json", app.base()))
        .envs([("EMAIL", "admin@jangteo.test"), ("PASSWORD", "correct horse battery staple")])
        .env("PYTHONPATH", &ours)
        .env("BUYER", buyer.token.as_deref().unwrap());
    let output = tokio::task::block_in_place(|| command.output()).expect("python");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{}", said.lines().rev().take(12).collect::<Vec<_>>().join("\n"));
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    app.stranger().post("/api/auth/login", json!({})).await.assert_problem(422, "validation_failed");
}
