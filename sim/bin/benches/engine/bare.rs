//! A ledger written by hand for speed alone: one account, one pass, no journal.

use std::collections::BTreeMap;

use afresh_core::{Message, Name};
use afresh_fixtures::ledger::In;

#[derive(Default)]
struct Account {
    balance: i64,
    held: i64,
    captured: i64,
}

/// Folds all messages in the given order. Returns the balance, the sum held, and the sum captured.
pub(crate) fn fold(messages: &[Message<In>]) -> (i64, i64, i64) {
    let mut account = Account::default();
    let mut payments: BTreeMap<&Name, (i64, bool)> = BTreeMap::new();
    for message in messages {
        match message.body.as_ref() {
            Some(In::Deposit { amount, .. } | In::Credit { amount, .. }) => account.balance += amount,
            Some(In::Hold { payment, amount, .. }) => {
                account.held += amount;
                payments.insert(payment, (*amount, false));
            }
            Some(In::Capture { payment, amount, .. }) => {
                if let Some((held, captured @ false)) = payments.get_mut(payment) {
                    account.held -= *held;
                    account.balance -= amount;
                    account.captured += amount;
                    (*held, *captured) = (*amount, true);
                }
            }
            Some(In::Release { payment, .. }) => {
                if let Some((held, false)) = payments.remove(payment) {
                    account.held -= held;
                }
            }
            Some(In::Reverse { payment, .. }) => {
                if let Some((amount, true)) = payments.remove(payment) {
                    account.balance += amount;
                    account.captured -= amount;
                }
            }
            Some(In::Transfer { amount, .. }) if account.balance - account.held >= *amount => {
                account.balance -= amount;
            }
            Some(In::Transfer { .. }) | None => {}
        }
    }
    (account.balance, account.held, account.captured)
}
