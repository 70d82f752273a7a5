//! Runs a story: it drives the app and the bank of `Payments` by hand, and compares the results with the text.

use afresh::guard::guard;
use afresh::schedule::{Act, ByHand};
use afresh::world::{self, Cluster, NodeId, Pending, PendingId, UnderWay, World};
use afresh_core::{Fault, Name, Storage};
use afresh_tests::payments::{APP, BANK, Message, Mistake, Party, Pay, Payment, Payments};
use afresh_tests::without_numbers;
use similar::TextDiff;

use crate::world::runs::write;

/// Checks a story: blocks of commands, `----` and their results, with a blank line between blocks. A line that begins
/// with `//` is a comment. These are the commands:
///
/// ```text
/// pay 5               a customer tells the app to pay 5
/// deliver app bank    the first message in flight from app to bank arrives; with `last` before the names, the last
/// one
/// lose app bank       the message is lost
/// double app bank     the message is duplicated
/// ring app            the first timer of the app goes off, when it is due
/// wait 50             50 milliseconds pass
/// crash bank          also `keep 2`, to keep 2 of the records that are not synced, and `torn`
/// restart bank        also `pause`, `resume`
/// cut app bank        also `heal`
/// skew bank 20        the clock of the bank jumps by 20 milliseconds
/// disk bank full      also `fail`, `slow`, `synced`, `mended`
/// show                the state of both
/// on the way          the messages in flight
/// clock bank          the time on the clock of the bank
/// trace               the trace so far
/// ```
///
/// At the end, the whole run is replayed from its trace, and must be identical to the bit.
#[track_caller]
pub(crate) fn check(story: &str) {
    check_with(Mistake::No, story);
}

/// Checks a story with a mistake in the bank or the app.
#[track_caller]
pub(crate) fn check_with(mistake: Mistake, story: &str) {
    let cluster = Payments(mistake);
    let mut teller =
        Teller { world: World::new(cluster.names(), move |id| cluster.node(id)), time: 0, told: Vec::new() };
    teller.world.start(&mut ByHand);
    let lines = story.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let expected: Vec<&str> = lines.skip_while(|line| line.is_empty()).collect();
    for block in expected.split(|line| line.is_empty()).filter(|block| !block.is_empty()) {
        let commands = block.iter().take_while(|line| **line != "----");
        teller.told.extend(commands.clone().map(|command| (*command).to_owned()));
        teller.told.push("----".to_owned());
        commands.for_each(|command| teller.tell(command));
        teller.told.push(String::new());
    }
    let (expected, told) = (expected.join("\n"), teller.told.join("\n"));
    let diff = TextDiff::from_lines(&expected, &told);
    assert!(told == expected, "it goes otherwise:\n{}", diff.unified_diff());
    let again =
        world::replay(&cluster, &teller.world.trace("payments")).unwrap_or_else(|difference| panic!("{difference}"));
    assert_eq!(again.world.digest(), teller.world.digest());
    assert!(again.world.nodes().eq(teller.world.nodes()));
}

struct Teller {
    world: World<Party>,
    time: i64,
    told: Vec<String>,
}

impl Teller {
    fn tell(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let node = |name: &str| Name::from(name);
        let fault = |fault| Act::Fault(Box::new(fault));
        let act = match words[..] {
            ["pay", amount] => {
                let amount = amount.parse().expect("an amount");
                Some(Act::Input(Box::new((NodeId::new(APP), Pay { amount }))))
            }
            ["deliver", "last", from, to] => self.message(from, to, true).map(Act::Deliver),
            ["deliver", from, to] => self.message(from, to, false).map(Act::Deliver),
            ["lose", from, to] => self.message(from, to, false).map(Act::Drop),
            ["double", from, to] => self.message(from, to, false).map(Act::Duplicate),
            ["ring", name] => {
                let id = self.world.id(&node(name));
                let pending = self.world.pending().into_iter().find(|one| !one.is_message() && Some(one.to) == id);
                pending.map(|pending| Act::Fire(pending.id))
            }
            ["crash", name, ref how @ ..] => {
                let kept = if let ["keep", kept, ..] = how { kept.parse().expect("a number") } else { 0 };
                Some(fault(Fault::Crash { node: node(name), kept, torn: how.last() == Some(&"torn") }))
            }
            ["restart", name] => Some(fault(Fault::Restart { node: node(name) })),
            ["pause", name] => Some(fault(Fault::Pause { node: node(name) })),
            ["resume", name] => Some(fault(Fault::Resume { node: node(name) })),
            ["cut", from, to] => Some(fault(Fault::Partition { from: node(from), to: node(to) })),
            ["heal", from, to] => Some(fault(Fault::Heal { from: node(from), to: node(to) })),
            ["skew", name, by] => {
                let nanoseconds = by.parse::<i64>().expect("milliseconds") * 1_000_000;
                Some(fault(Fault::Skew { node: node(name), nanoseconds }))
            }
            ["disk", name, how] => Some(fault(Fault::Storage { node: node(name), how: storage(how) })),
            ["wait", milliseconds] => {
                self.time += milliseconds.parse::<i64>().expect("milliseconds") * 1_000_000;
                return;
            }
            _ => return self.ask(&words),
        };
        match act {
            Some(act) => self.perform(act),
            None => self.told.push("there is none".to_owned()),
        }
    }

    /// Answers a command that queries the world.
    fn ask(&mut self, words: &[&str]) {
        match words {
            ["show"] => {
                self.told.extend(self.world.nodes().zip(["app", "bank"]).map(|(party, name)| show(name, party)))
            }
            ["on", "the", "way"] => {
                let told: Vec<_> = self.world.pending().iter().map(|pending| self.under_way(pending)).collect();
                self.told.extend(told);
            }
            ["clock", name] => {
                let clock = self.world.id(&(*name).into()).and_then(|id| self.world.clock(id));
                self.told.extend(clock.map(|clock| format!("{} ms", clock as f64 / 1e6)));
            }
            ["trace"] => {
                let trace = without_numbers(&write(&self.world.trace("payments")));
                self.told.extend(trace.lines().skip(1).map(str::to_owned));
            }
            _ => panic!("there is no command {words:?}"),
        }
    }

    fn perform(&mut self, act: Act<Pay>) {
        let before: Vec<_> = self.world.pending().iter().map(|pending| pending.id).collect();
        let mut done = Ok(());
        let (world, choice) = (&mut self.world, act.at(self.time));
        let panic = guard(&mut || done = world.perform(choice.clone(), &mut ByHand)).err();
        let pending = self.world.pending();
        let new = pending.iter().filter(|pending| !before.contains(&pending.id));
        let new: Vec<_> = new.map(|pending| self.under_way(pending)).collect();
        self.told.extend(done.err().map(|why| format!("impossible: {why}")));
        let message = |panic: String| panic.rsplit_once(" (").map(|(message, _place)| format!("panics: {message}"));
        self.told.extend(panic.and_then(message));
        self.told.extend(new);
    }

    fn message(&self, from: &str, to: &str, last: bool) -> Option<PendingId> {
        let link = (self.world.id(&from.into())?, self.world.id(&to.into())?);
        let pending = self.world.pending().into_iter();
        let mut between = pending.filter(|pending| pending.is_message() && (pending.from, pending.to) == link);
        if last { between.next_back() } else { between.next() }.map(|pending| pending.id)
    }

    fn under_way(&self, pending: &Pending<'_, Party>) -> String {
        let name = |id: NodeId| if id.place() == BANK { "bank" } else { "app" };
        match pending.what {
            UnderWay::Message(Message::Charge { payment, amount }) => {
                format!("{} to {}: charge {amount} for payment {payment}", name(pending.from), name(pending.to))
            }
            UnderWay::Message(Message::Charged { payment }) => {
                format!("{} to {}: payment {payment} is charged", name(pending.from), name(pending.to))
            }
            UnderWay::Timer { timer, due } => format!("{}: {timer:?} at {} ms", name(pending.to), due / 1_000_000),
        }
    }
}

fn show(name: &str, party: &Party) -> String {
    let payment = |payment: &Payment| {
        format!("{} of {}{}", payment.payment, payment.amount, if payment.charged { "" } else { " is open" })
    };
    let payments: Vec<_> = party.payments.values().map(payment).collect();
    let total = if name == "bank" { format!(", {} in all", party.total) } else { String::new() };
    format!("{name}: {}{total}", if payments.is_empty() { "nothing".to_owned() } else { payments.join(", ") })
}

fn storage(how: &str) -> Storage {
    match how {
        "fail" => Storage::Fail,
        "full" => Storage::Full,
        "slow" => Storage::Slow,
        "synced" => Storage::Synced,
        _ => Storage::Mended,
    }
}
