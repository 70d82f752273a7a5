//! The system of the transcripts: tills, and a safe that receives their takings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use afresh_core::{Change, Flows, Input, Key, Parts, Slot, System, Touched, Updated};
use serde::{Deserialize, Serialize};

use Mistake::{AddsRevision, ClosesAtThree, ForgetsMean, LateIsLast, MeanOfNothing, NumbersReceipts, SafeIsFinal};

/// The flow under which a bag is charged with every sale.
const BAGS: &str = "bags";

/// Tills, with or without a mistake.
#[derive(Clone, Debug)]
pub(crate) struct Tills {
    mistake: Option<Mistake>,
    /// Memory outside of the messages, which no system should have. Mistakes use it.
    memory: Arc<AtomicU32>,
}

/// A mistake in the code of the tills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// `update` takes a late sale for the last one.
    LateIsLast,
    /// `update` adds the revised amount of a sale, and does not subtract the old one.
    AddsRevision,
    /// `update` of the safe ignores revisions of an amount.
    SafeIsFinal,
    /// `touched` forgets the slot of the mean.
    ForgetsMean,
    /// The mean of no sales is 0 divided by 0, which is not equal to itself.
    MeanOfNothing,
    /// `admit` counts its calls, and rejects everything after the third.
    ClosesAtThree,
    /// Receipts are numbered in the order of printing.
    NumbersReceipts,
}

impl Mistake {
    /// All mistakes, by name.
    pub(crate) const ALL: [(&str, Self); 7] = [
        ("late-is-last", LateIsLast),
        ("adds-revision", AddsRevision),
        ("safe-is-final", SafeIsFinal),
        ("forgets-mean", ForgetsMean),
        ("mean-of-nothing", MeanOfNothing),
        ("closes-at-three", ClosesAtThree),
        ("numbers-receipts", NumbersReceipts),
    ];
}

/// A message in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum In {
    /// Something was sold. A sale of nothing opens the drawer.
    Sale { till: Key, amount: f64, on: i64 },
    /// A till tells the safe its takings.
    Taken(f64),
}

/// A message out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Out {
    /// The mean of the sales of a till.
    Mean(f64),
    /// A receipt for the last sale.
    Receipt(u32),
    /// The takings of a till, sent to the safe.
    Taken(f64),
}

/// The state of a till, or of the safe, which makes no sales.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Till {
    sales: u32,
    total: f64,
    mean: Option<f64>,
    last: f64,
}

impl Tills {
    pub(crate) fn new(mistake: Option<Mistake>) -> Self {
        Self { mistake, memory: Arc::default() }
    }

    fn has(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }

    /// Counts up, across all runs.
    fn count(&self) -> u32 {
        self.memory.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn add(&self, till: &mut Till, body: &In, flows: &Flows) {
        match body {
            In::Sale { amount, .. } => {
                let bag = if flows.on(BAGS) { 1.0 } else { 0.0 };
                till.sales += u32::from(*amount > 0.0);
                till.total += amount + bag;
                let known = till.sales > 0 || self.has(MeanOfNothing);
                till.mean = known.then(|| till.total / f64::from(till.sales));
            }
            In::Taken(amount) => till.total += amount,
        }
    }
}

impl System for Tills {
    type In = In;
    type Out = Out;
    type State = Till;
    type View = Till;

    fn keys(&self, body: &In) -> impl IntoIterator<Item = Key> {
        match body {
            In::Sale { till, .. } => [till.clone()],
            In::Taken(_) => ["safe".into()],
        }
    }

    fn position(&self, body: &In) -> Option<i64> {
        match body {
            In::Sale { on, .. } => Some(*on),
            In::Taken(_) => Some(0),
        }
    }

    fn admit(&self, _: &In) -> Result<(), String> {
        if self.has(ClosesAtThree) && self.count() > 3 { Err("it is closed".to_owned()) } else { Ok(()) }
    }

    fn apply(&self, _: &Key, till: &mut Till, input: Input<'_, In>, flows: &Flows) {
        self.add(till, input.body, flows);
        if let In::Sale { amount, .. } = input.body {
            till.last = *amount;
        }
    }

    fn update(&self, _: &Key, till: &mut Till, change: Change<'_, In>, flows: &Flows) -> Updated {
        match change {
            Change::Late(Input { body, .. }) => {
                self.add(till, body, flows);
                if let (In::Sale { amount, .. }, true) = (body, self.has(LateIsLast)) {
                    till.last = *amount;
                }
            }
            Change::Revised { after: Input { body: after @ In::Sale { .. }, .. }, .. } if self.has(AddsRevision) => {
                self.add(till, after, flows);
            }
            Change::Revised { before: In::Taken(before), after: Input { body: In::Taken(after), .. } } => {
                if !self.has(SafeIsFinal) {
                    till.total += after - before;
                }
            }
            _ => return Updated::FoldAgain,
        }
        Updated::Done
    }

    fn view(&self, _: &Key, till: &Till) -> Till {
        till.clone()
    }

    fn change_field(&self, _: &Key, till: &mut Till, field: u32) -> bool {
        afresh::change_field(till, field)
    }

    fn compare(&self, _: &Key, till: &Till, view: &Till) -> Parts {
        Parts::default()
            .part("sales", till.sales == view.sales)
            .part("total", till.total == view.total)
            .part("mean", till.mean == view.mean)
            .part("last", till.last == view.last)
    }

    fn outputs(&self, key: &Key, till: &Till, _: &Flows) -> BTreeMap<Slot, Out> {
        if *key == "safe" {
            return BTreeMap::new();
        }
        let receipt = if self.has(NumbersReceipts) { self.count() } else { till.sales };
        let mean = till.mean.map(|mean| ("mean".into(), Out::Mean(mean)));
        let others = [("receipt".into(), Out::Receipt(receipt)), ("taken".into(), Out::Taken(till.total))];
        mean.into_iter().chain(others).collect()
    }

    fn touched(&self, _: &Key, _: &Till, _: Input<'_, In>, slots: &mut Vec<Slot>) -> Touched {
        slots.extend(["receipt".into(), "taken".into()]);
        slots.extend((!self.has(ForgetsMean)).then(|| "mean".into()));
        Touched::Added
    }

    fn route(&self, _: &Key, _: &Slot, body: &Out) -> Option<In> {
        match body {
            Out::Taken(amount) => Some(In::Taken(*amount)),
            Out::Mean(_) | Out::Receipt(_) => None,
        }
    }
}
