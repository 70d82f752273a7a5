//! The messages of one account: deposits, and payments that are held, captured, and sometimes released or reversed.

use afresh_core::{Message, Name};
use afresh_fixtures::ledger::In;

/// Generates `length` messages of one account; `late` percent of them arrive up to 200 places late.
pub(crate) fn messages(length: usize, late: usize) -> Vec<Message<In>> {
    let mut messages: Vec<_> = (0..length).map(message).collect();
    let mut random = Random(7);
    let delayed: Vec<usize> = (0..length).filter(|_| random.below(100) < late).collect();
    for place in delayed.into_iter().rev() {
        let message = messages.remove(place);
        messages.insert((place + random.below(200)).min(messages.len()), message);
    }
    messages
}

fn message(place: usize) -> Message<In> {
    let account = Name::from("a-1");
    let on = 1_773_000_000_000 + 1000 * place as i64;
    let payment = |back: usize| Name::from(format!("p-{}", 1000 + place / 10 * 3 + back));
    let body = match place % 10 {
        0 | 4 | 7 => In::Deposit { account, amount: 5000, on },
        1 => In::Hold { account, payment: payment(0), amount: 1200, on },
        2 => In::Hold { account, payment: payment(1), amount: 300, on },
        3 => In::Capture { account, payment: payment(0), amount: 1200, on },
        5 => In::Hold { account, payment: payment(2), amount: 700, on },
        6 => In::Capture { account, payment: payment(1), amount: 250, on },
        8 => In::Release { account, payment: payment(2), on },
        _ => In::Reverse { account, payment: payment(1), on },
    };
    Message::new("bank", format!("m-{}", 100_000 + place), body)
}

/// The generator of Lehmer (1951), which is good enough to shuffle with.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 as usize % bound
    }
}
