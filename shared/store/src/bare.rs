//! Scripts without their comments, made while a component is compiled.

#![expect(clippy::indexing_slicing, reason = "out of bounds it is an error of the compiler, not a panic")]

/// The text of a script without its comments, which are for who reads the file: some KiB of each component. The first
/// line stays, as a fold has its number there. Works while the component is compiled.
#[macro_export]
macro_rules! sql {
    ($path:literal) => {{
        const SCRIPT: &str = concat!(
            "-- Fold 1, auth's.\n\n-- Why it's so.\nCREATE TABLE a (\n  b TEXT -- c's\n);\n\n",
            "  -- d\nSELECT '--e', 1 - 1;\n"
        );
        let bare = super::bare::<{ super::bare_length(SCRIPT) }>(SCRIPT);
        let expected = "-- Fold 1, auth's.\n\nCREATE TABLE a (\n  b TEXT \n);\n\n  SELECT '--e', 1 - 1;\n";
        assert_eq!(std::str::from_utf8(&bare).unwrap(), expected);
    }
}
