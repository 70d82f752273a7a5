//! Mutations of the checker: most of them make it find too little.

use super::{Mutation, noticed, unnoticed};

const ACCOUNTS: &str = "sim/check/src/verify/accounts.rs";
const BISECT: &str = "sim/check/src/verify/bisect.rs";
const FACTS: &str = "sim/check/src/verify/facts.rs";
const HISTORY: &str = "sim/check/src/verify/history.rs";
const MIGRATIONS: &str = "sim/check/src/verify/migrations.rs";
const RECORDED: &str = "sim/check/src/verify/recorded.rs";
const VERIFIER: &str = "sim/check/src/verify/verifier.rs";
const COMPARE: &str = "sim/check/src/compare/mod.rs";
const WINDOW: &str = "sim/check/src/compare/window.rs";
const EXCLUDED: &str = "sim/check/src/excluded.rs";
const VIOLATION: &str = "sim/check/src/laws/violation.rs";
const ORDER: &str = "sim/check/src/laws/order.rs";
const POLICY: &str = "sim/check/src/laws/policy.rs";
const SEARCH: &str = "sim/shrink/src/minimize/search.rs";
const RESTART: &str = "sim/check/src/laws/restart.rs";

pub(super) const ALL: &[Mutation] = &[
    noticed(
        ACCOUNTS,
        "the carried state is not compared",
        "let is_equal = incremental == recomputed;",
        "let is_equal = incremental.is_some() == recomputed.is_some();",
    ),
    noticed(
        ACCOUNTS,
        "the restated view is not compared",
        ".within(true).diverged()",
        ".within(true).diverged().take(0)",
    ),
    noticed(
        ACCOUNTS,
        "invariants are not evaluated",
        ".invariants(key, told)",
        ".invariants(key, told).into_iter().take(0)",
    ),
    noticed(
        ACCOUNTS,
        "an output that should be withdrawn counts as right",
        "if wanted != sent {",
        "if wanted.is_some() && wanted != sent {",
    ),
    noticed(
        ACCOUNTS,
        "properties are not evaluated",
        "states.len() < keys.len() || is_damaged {",
        "states.len() < usize::MAX || is_damaged {",
    ),
    noticed(
        BISECT,
        "bisection goes the wrong way",
        "if found.has(&finding.signature) {",
        "if !found.has(&finding.signature) {",
    ),
    noticed(
        FACTS,
        "a stale revision counts",
        "if !admitted || counting.is_some_and(|counting| counting > *revision) {",
        "if !admitted || counting.is_some_and(|counting| counting < *revision) {",
    ),
    noticed(
        HISTORY,
        "a message exactly at the opening leaves the key derivable",
        "(Some(after), _) => position <= after,",
        "(Some(after), _) => position < after,",
    ),
    noticed(
        HISTORY,
        "the checkpoints after a late message stay",
        "let kept = self.kept.partition_point(|(length, _)| *length <= index);",
        "let kept = self.kept.len() + 0 * index;",
    ),
    noticed(
        MIGRATIONS,
        "a migration of named keys always prevails",
        "self.every.get(flow).max(named.and_then(|named| named.get(flow)))",
        "named.and_then(|named| named.get(flow)).or(self.every.get(flow))",
    ),
    noticed(
        RECORDED,
        "a view follows from the one before a late message",
        "recorded.in_order &= changed >= recorded.length && length > recorded.length;",
        "recorded.in_order &= length > recorded.length + 0 * changed;",
    ),
    noticed(VERIFIER, "a key that was healed is not compared again", "self.damage.states.remove(key);", ""),
    noticed(
        VERIFIER,
        "a quarantine is no finding",
        "panics.push((Some(quarantined.key.clone()), quarantined.why.clone()));",
        "let _ = quarantined;",
    ),
    noticed(
        COMPARE,
        "a recorded output with another body counts as the same",
        "if now.is_some_and(|now| now.revision == recorded.revision && is_same(now)) {",
        "if now.is_some_and(|now| now.revision == recorded.revision) {",
    ),
    noticed(COMPARE, "an output that the record lacks is not reported", "self.unrecorded.extend(missing);", ""),
    noticed(
        WINDOW,
        "a revision of a message before the window is compared",
        "self.unsaid.extend(self.concerned.iter().cloned());",
        "",
    ),
    noticed(EXCLUDED, "a stale message is not reported", "self.messages.insert(number, excluded);", ""),
    noticed(
        VIOLATION,
        "the laws do not compare outputs",
        "let (x, y) = (held(a, key), held(b, key));",
        "let (x, y) = (held(a, key), held(a, key));",
    ),
    noticed(
        ORDER,
        "the law `order` keeps the order of arrival",
        "shuffled.push(left.remove(order.next().copied().unwrap_or(0) % left.len()));",
        "shuffled.push(left.remove(0));",
    ),
    unnoticed(
        POLICY,
        "the law `policy` compares only the numbers of events",
        ".find(|(a, b)| a != b)",
        ".find(|(a, b)| a.number != b.number)",
        "where a planted bug breaks this law, the runs also differ in how many events they have, or in their states.",
    ),
    unnoticed(
        RESTART,
        "the law `restart` does not compare the outputs to send again",
        "if !lived.unsettled().eq(restarted.unsettled()) {",
        "if false {",
        "no planted bug is in a restart. It takes a mistake of the engine, as in `core/src/restart.rs`, to break this law.",
    ),
    unnoticed(
        SEARCH,
        "speculative verdicts stay after an accepted edit",
        "judge.ahead.clear();\n                without.clear();",
        "without.clear();",
        "a verdict belongs to the content of a candidate, so it is as good after the edit; only memory is lost.",
    ),
];
