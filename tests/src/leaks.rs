//! Card data that must not be anywhere: looked for in every file of an app's state, databases and logs alike.

use std::path::Path;

/// Panic if a file below `dir` has one of the card numbers in it, in one piece or in groups, or the CVV where one would
/// be.
pub fn assert_no_card_data(dir: &Path, numbers: &[&str], cvv: &str) {
    let mut secrets: Vec<String> = Vec::new();
    for number in numbers {
        let groups: Vec<_> = number.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        secrets.extend([number.to_string(), groups.join(" "), groups.join("-")]);
    }
    // Three digits alone are everywhere; these are the ways in which a CVV is written beside its name.
    for name in ["cvv", "cvc"] {
        let quoted = [r#"":""#, r#"": ""#, r#"\":\""#, "]=", "=", ": "];
        secrets.extend(quoted.map(|between| format!("{name}{between}{cvv}")));
    }
    let mut files = 0;
    visit(dir, &mut |path, bytes| {
        files += 1;
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    });
    assert!(files > 1, "nothing to look at in {}", dir.display());
}

fn visit(dir: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        match std::fs::read(&path) {
            _ if path.is_dir() => visit(&path, look),
            Ok(bytes) => look(&path, &bytes),
            // SQLite's write-ahead log goes away with its last connection; all of it is in the database then.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
}
