//! A small cluster for tests and documents: an app has payments charged by a bank, once each.

use std::collections::BTreeMap;

use afresh::rng::Rng;
use afresh::world::{Cluster, Effects, Limits, Log, Node, NodeId, Posting, StorageError, World, WorldProperty};
use afresh_core::Name;
use serde::{Deserialize, Serialize};

/// The place of the app.
pub const APP: usize = 0;
/// The place of the bank.
pub const BANK: usize = 1;

/// How long the app waits for an answer, in nanoseconds.
const PATIENCE: i64 = 50_000_000;

/// A stimulus for the app: a customer makes a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pay {
    /// The amount.
    pub amount: u32,
}

/// A message between the app and the bank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// The app wants a payment charged.
    Charge {
        /// The number of the payment.
        payment: u32,
        /// The amount.
        amount: u32,
    },
    /// The bank has charged a payment.
    Charged {
        /// The number of the payment.
        payment: u32,
    },
}

/// A timer of the app: it asks the bank again for this payment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ask(pub u32);

/// A record that both write to storage: a payment, and for the app whether it was charged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Payment {
    /// The number of the payment.
    pub payment: u32,
    /// The amount.
    pub amount: u32,
    /// Set when the app learns that the payment was charged.
    pub charged: bool,
}

/// A mistake in the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mistake {
    /// No mistake.
    #[default]
    No,
    /// The bank charges a payment as often as it is told to.
    ChargesAgain,
    /// The bank answers before its record is durable.
    AnswersFirst,
    /// The app does not retry.
    AsksOnce,
    /// The bank crashes if a payment is too high.
    FallsOver,
}

/// The app or the bank.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    role: usize,
    mistake: Mistake,
    /// The payments that it knows.
    pub payments: BTreeMap<u32, Payment>,
    /// The sum of all payments charged.
    pub total: u64,
}

impl Party {
    fn ask(&self, payment: u32, effects: &mut Effects<Self>) {
        if let Some(Payment { amount, charged: false, .. }) = self.payments.get(&payment) {
            effects.send(NodeId::new(BANK), Message::Charge { payment, amount: *amount });
            if self.mistake != Mistake::AsksOnce {
                effects.set_timer(PATIENCE, Ask(payment));
            }
        }
    }

    fn charge(&mut self, payment: u32, amount: u32, effects: &mut Effects<Self>) -> Result<(), StorageError> {
        if !self.payments.contains_key(&payment) || self.mistake == Mistake::ChargesAgain {
            assert!(self.mistake != Mistake::FallsOver || amount < 500, "cannot charge {amount}");
            let record = Payment { payment, amount, charged: true };
            effects.write(record)?;
            if self.mistake != Mistake::AnswersFirst {
                effects.sync()?;
            }
            self.payments.insert(payment, record);
            self.total += u64::from(amount);
        }
        effects.send(NodeId::new(APP), Message::Charged { payment });
        Ok(())
    }
}

impl Node for Party {
    type Input = Pay;
    type Message = Message;
    type Timer = Ask;
    type Record = Payment;

    fn restart(&mut self, log: Log<'_, Payment>, effects: &mut Effects<Self>) {
        for record in log.records {
            if self.payments.insert(record.payment, *record).is_none() && self.role == BANK {
                self.total += u64::from(record.amount);
            }
        }
        for payment in self.payments.keys() {
            self.ask(*payment, effects);
        }
    }

    fn input(&mut self, Pay { amount }: Pay, effects: &mut Effects<Self>) {
        let payment = self.payments.len() as u32 + 1;
        let record = Payment { payment, amount, charged: false };
        // A payment that cannot be written down was never taken.
        if effects.write(record).is_ok() && effects.sync().is_ok() {
            self.payments.insert(payment, record);
            self.ask(payment, effects);
        }
    }

    fn message(&mut self, _: NodeId, message: Message, effects: &mut Effects<Self>) {
        match message {
            // If the storage fails there is no answer, and the app asks again.
            Message::Charge { payment, amount } => _ = self.charge(payment, amount, effects),
            Message::Charged { payment } => {
                if let Some(known) = self.payments.get_mut(&payment) {
                    known.charged = true;
                }
            }
        }
    }

    fn timer(&mut self, Ask(payment): Ask, effects: &mut Effects<Self>) {
        self.ask(payment, effects);
    }
}

/// A world of the app and the bank.
#[derive(Clone, Copy, Debug, Default)]
pub struct Payments(pub Mistake);

fn parties(world: &World<Party>) -> Option<(&Party, &Party)> {
    Some((world.node(NodeId::new(APP))?, world.node(NodeId::new(BANK))?))
}

impl Cluster for Payments {
    type Node = Party;

    fn names(&self) -> Vec<Name> {
        vec!["app".into(), "bank".into()]
    }

    fn node(&self, id: NodeId) -> Party {
        Party { role: id.place(), mistake: self.0, payments: BTreeMap::new(), total: 0 }
    }

    fn properties(&self) -> Vec<WorldProperty<Party>> {
        vec![
            self.always("charged-once", |world| {
                let Some((_, bank)) = parties(world) else { return Ok(()) };
                let once: u64 = bank.payments.values().map(|payment| u64::from(payment.amount)).sum();
                if bank.total == once { Ok(()) } else { Err(format!("{} were charged instead of {once}", bank.total)) }
            }),
            self.always("charged-for-good", |world| {
                let Some((app, bank)) = parties(world) else { return Ok(()) };
                if world.has_crashed(NodeId::new(BANK)) {
                    return Ok(());
                }
                let known =
                    app.payments.values().find(|known| known.charged && !bank.payments.contains_key(&known.payment));
                known.map_or(Ok(()), |known| Err(format!("the bank knows nothing of payment {}", known.payment)))
            }),
            self.eventually("all-charged", |world| {
                let Some((app, _)) = parties(world) else { return Ok(()) };
                let open = app.payments.values().find(|payment| !payment.charged);
                open.map_or(Ok(()), |open| Err(format!("payment {} is open", open.payment)))
            }),
            self.sometimes("two-open", |world| {
                parties(world).is_some_and(|(app, _)| app.payments.values().filter(|known| !known.charged).count() > 1)
            }),
        ]
    }

    fn workload(&self, rng: &mut Rng) -> Vec<Posting<Party>> {
        let count = rng.between(1, 20);
        let pay = |_| (rng.between(0, 1_000_000_000), NodeId::new(APP), Pay { amount: rng.between(1, 600) as u32 });
        (0..count).map(pay).collect()
    }

    fn limits(&self) -> Limits {
        Limits { faults: 2_000_000_000, calm: 1_000_000_000, ..Limits::default() }
    }
}
