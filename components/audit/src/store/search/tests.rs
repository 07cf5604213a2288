//! The statements of a search. What they find, and how much they look at, stories show
//! (`tests/service/audit_search.rs`).

use super::*;

fn places(filter: Filter, lead: Lead, looked: Option<i64>) -> (String, usize) {
    let Statement { sql, params } = Search::of(filter, 9).places(lead, looked, 21);
    (sql, params.len())
}

fn some() -> Option<String> {
    Some("a".to_owned())
}

#[test]
fn only_what_is_asked_for_is_in_the_statement() {
    let all = places(Filter::default(), Lead::Log, None);
    assert_eq!(all, ("SELECT seq FROM audit_log NOT INDEXED WHERE seq < ?2".to_owned(), 2));
    let filter = Filter { actor: some(), to: Timestamp::parse("2026-11-21T05:06:07Z"), ..Filter::default() };
    let (sql, params) = places(filter, Lead::Time, None);
    assert_eq!(
        sql,
        "SELECT seq FROM audit_log INDEXED BY audit_log_time WHERE seq < ?2 AND actor = ?3 AND time >= ?4 AND time < ?5"
    );
    assert_eq!(params, 5);
}

#[test]
fn one_filter_leads_and_the_others_are_looked_at_down_to_a_place() {
    let filter = Filter { actor: some(), kind: some(), ..Filter::default() };
    let (sql, _) = places(filter, Lead::Equal(1), Some(4));
    assert_eq!(
        sql,
        "SELECT seq FROM audit_log INDEXED BY audit_log_type WHERE seq < ?2 AND seq >= ?3 AND actor = ?4 AND type = ?5"
    );
}

#[test]
fn an_id_in_upper_case_is_looked_for_in_lower_case_too() {
    let upper = "019AA4C5-0001-7000-8000-000000000001".to_owned();
    assert_eq!((cases(upper.clone()).len(), cases(upper.to_lowercase()).len()), (2, 1));
    let (sql, params) = places(Filter { subject: Some(upper), ..Filter::default() }, Lead::Equal(0), None);
    assert!(sql.ends_with("subject IN (?3, ?4)") && params == 4, "{sql}");
}
