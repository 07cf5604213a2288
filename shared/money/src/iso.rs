//! The currencies that are money: ISO 4217's list one without the codes that have no minor unit (metals, tests, units
//! of account), as its maintenance agency published it on 2026-01-01
//! (<https://www.six-group.com/dam/download/financial-information/data-center/iso-currrency/lists/list-one.xml>).
//!
//! A table, since the crates that have one carry names, symbols and countries too, and withdrawn codes among the
//! active.

/// Codes of three letters each, one after another in alphabetical order, by their number of decimals.
pub const ACTIVE: [(u8, &str); 4] = [
    (
        2,
        "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCNYCOPCOU\
         CRCCUPCVECZKDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGTQGYDHKDHNLHTGHUFIDRILSINRIRRJMDKES\
         KGSKHRKPWKYDKZTLAKLBPLKRLRDLSLMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPR\
         NZDPABPENPGKPHPPKRPLNQARRONRSDRUBSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTOP\
         TRYTTDTWDTZSUAHUSDUSNUYUUZSVEDVESWSTXADXCDXCGYERZARZMWZWG",
    ),
    (0, "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF"),
    (3, "BHDIQDJODKWDLYDOMRTND"),
    (4, "CLFUYW"),
];

/// The decimals of an active currency.
pub fn decimals(code: [u8; 3]) -> Option<u8> {
    let has = |codes: &str| codes.as_bytes().chunks_exact(3).any(|one| one == code);
    ACTIVE.iter().find(|(_, codes)| has(codes)).map(|(decimals, _)| *decimals)
}
