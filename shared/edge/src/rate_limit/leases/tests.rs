//! Instances and a limit, with a database that is a number.

use super::*;

/// Grants as the statement of `store` does.
#[derive(Default)]
struct Limit {
    used: i64,
    asked: usize,
}

impl Limit {
    fn lease(&mut self, block: i64, limit: i64) -> Option<Lease> {
        self.asked += 1;
        if self.used >= limit {
            return None;
        }
        self.used += block;
        Some(Lease { granted: block - (self.used - limit).max(0), rest: (limit - self.used).max(0) })
    }
}

/// A request of `minute`, whose lease comes at once.
fn ask(leases: &mut Leases<&str>, minute: i64, limit: i64, of: &mut Limit) -> Standing {
    loop {
        match leases.next(&"a", minute, limit) {
            Next::Is(standing) => return standing,
            Next::Lease { block } => {
                leases.asked(&"a");
                leases.leased(&"a", minute, Ok(of.lease(block, limit)));
            }
            Next::Wait => panic!("nobody else asks"),
        }
    }
}

/// How many pass of instances that answer `reuse` requests each, until all are refused.
fn passed(limit: i64, reuse: usize, of: &mut Limit) -> i64 {
    let mut passed = 0;
    loop {
        let mut leases = Leases::default();
        for _ in 0..reuse {
            match ask(&mut leases, 1, limit, of) {
                Standing::Within { .. } => passed += 1,
                Standing::Beyond => return passed,
                Standing::Uncounted => panic!("the database answers"),
            }
        }
    }
}

#[test]
fn one_instance_uses_all_of_a_limit_and_asks_seldom() {
    for limit in [1, 2, 63, 64, 65, 600, 6000, 100_000] {
        let mut of = Limit::default();
        assert_eq!(passed(limit, usize::MAX, &mut of), limit);
        assert!(of.asked <= 320, "{limit}: {}", of.asked);
    }
}

#[test]
fn instances_that_end_lose_little() {
    // 100 and 50 are no multiples of a block, so that each loses some.
    for (limit, reuse, least) in
        [(6000, 128, 95), (6000, 100, 95), (600, 50, 95), (60, 3, 100), (100_000, 1000, 95)]
    {
        let passed = passed(limit, reuse, &mut Limit::default());
        assert!(passed <= limit && passed * 100 >= limit * least, "{limit} by {reuse}: {passed}");
    }
}

#[test]
fn what_is_left_is_what_is_held_and_what_nobody_has() {
    let (mut leases, mut of) = (Leases::default(), Limit::default());
    assert_eq!(ask(&mut leases, 1, 100, &mut of), Standing::Within { left: 99 });
    assert_eq!(ask(&mut leases, 1, 100, &mut of), Standing::Within { left: 98 });
    // Another instance.
    assert_eq!(ask(&mut Leases::default(), 1, 100, &mut of), Standing::Within { left: 97 });
}

#[test]
fn a_lease_is_void_in_another_minute() {
    let (mut leases, mut of) = (Leases::default(), Limit::default());
    ask(&mut leases, 1, 6000, &mut of);
    let mut next = Limit { used: 6000, ..Limit::default() };
    assert_eq!(ask(&mut leases, 2, 6000, &mut next), Standing::Beyond);
    // Nobody asks again about what is spent; nor is it spent in another minute.
    assert_eq!(ask(&mut leases, 2, 6000, &mut next), Standing::Beyond);
    assert_eq!(next.asked, 1);
    assert!(matches!(ask(&mut leases, 3, 6000, &mut Limit::default()), Standing::Within { .. }));
    // What comes late is for its own minute only.
    leases.leased(&"a", 2, Ok(Some(Lease { granted: 5, rest: 0 })));
    assert!(matches!(leases.next(&"a", 3, 6000), Next::Lease { .. }));
}

#[test]
fn one_request_asks_and_the_others_wait() {
    let mut leases = Leases::default();
    assert_eq!(leases.next(&"a", 1, 6000), Next::Lease { block: 8 });
    assert_eq!(leases.next(&"a", 1, 6000), Next::Wait);
    assert_eq!(leases.next(&"b", 1, 6000), Next::Lease { block: 8 });
    // It went away.
    leases.asked(&"a");
    assert_eq!(leases.next(&"a", 1, 6000), Next::Lease { block: 8 });
    leases.leased(&"a", 1, Err(()));
    assert_eq!(leases.next(&"a", 1, 6000), Next::Is(Standing::Uncounted));
    assert_eq!(leases.next(&"a", 2, 6000), Next::Lease { block: 8 });
}

#[test]
fn blocks_grow_with_what_is_used_up_to_a_64th_of_the_limit() {
    let blocks = [0, 128, 160, 1488, 1_000_000].map(|used| block(6000, used));
    assert_eq!(blocks, [8, 8, 10, 93, 93]);
    assert_eq!([1, 63, 128, 300].map(|limit| block(limit, 1_000_000)), [1, 1, 2, 4]);
}

#[test]
fn callers_are_bounded_and_past_ones_go_first() {
    let mut leases = Leases::default();
    for caller in 0..MAX_CALLERS * 2 + 1 {
        leases.next(&caller, i64::from(caller >= MAX_CALLERS / 2), 10);
        assert!(leases.held.len() <= MAX_CALLERS);
    }
    assert!(leases.is_first_of(1) && !leases.is_first_of(1) && !leases.is_first_of(0));
}
