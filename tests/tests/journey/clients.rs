//! Clients that well-kept generators make of the API's description buy something, and get their money back.

use std::path::Path;
use std::process::Command;

use tests::{TestApp, python, root, typescript};

/// Run a program to its end; what it prints.
fn run(command: &mut Command) -> String {
    let output = tokio::task::block_in_place(|| command.output()).expect("it starts");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{out}\n{error}");
    out
}

/// The description as the app serves it, in `folder`.
async fn description(app: &TestApp, folder: &Path) {
    let answer = app.stranger().get("/openapi.json").await.assert_status(200);
    std::fs::write(folder.join("openapi.json"), answer.body).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_typescript_client_buys_and_is_refunded() {
    let app = TestApp::start().await;
    // Beside `node_modules`, where its imports are looked for.
    let folder = tempfile::tempdir_in(typescript()).unwrap();
    description(&app, folder.path()).await;
    for file in ["journey.ts", "openapi-ts.config.mjs", "package.json", "tsconfig.json"] {
        std::fs::copy(root().join("tests/typescript").join(file), folder.path().join(file)).unwrap();
    }
    let node = |tool: &str| {
        let mut command = Command::new("node");
        command.arg(tool).current_dir(folder.path()).env("API", app.base());
        command
    };
    run(node("../node_modules/@hey-api/openapi-ts/bin/run.js").arg("--no-log-file"));
    run(node("../node_modules/typescript/bin/tsc").args(["-p", "."]));
    assert!(run(&mut node("out/journey.js")).contains('-'), "it says which order it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_python_client_buys_and_is_refunded() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    description(&app, folder.path()).await;
    let in_folder = |arguments: &[&str]| {
        let mut command = Command::new(python());
        command.args(arguments).current_dir(folder.path()).env("PYTHONPATH", folder.path());
        run(&mut command)
    };
    let into = ["--path", "openapi.json", "--meta", "none", "--output-path", "jangteo"];
    in_folder(&[&["-m", "openapi_python_client", "generate"], &into[..]].concat());
    let journey = root().join("tests/python/journey.py");
    let said = in_folder(&[journey.to_str().unwrap(), app.base()]);
    assert!(said.contains('-'), "it says which order it was");
}
