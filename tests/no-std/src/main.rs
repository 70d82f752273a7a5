//! An engine in a program without a standard library.
//!
//! The program defines two things that the standard library would define: the panic handler and the allocator. If a
//! dependency of the core turns the standard library on, the definitions collide and the program does not build. It
//! exits with 0 if the engine works.
#![no_std]
#![no_main]

extern crate alloc;

mod memory;

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::panic::PanicInfo;

use afresh_core::{Engine, Flows, Input, Key, Message, Options, Slot, Stimulus, System};

/// A stock of items; the state of a key is the amount of one item.
#[derive(Clone)]
struct Stock;

impl System for Stock {
    type In = (String, i64);
    type Out = i64;
    type State = i64;
    type View = i64;

    fn keys(&self, (item, _): &(String, i64)) -> impl IntoIterator<Item = Key> {
        [item.as_str().into()]
    }

    fn apply(&self, _: &Key, stock: &mut i64, input: Input<'_, (String, i64)>, _: &Flows) {
        *stock += input.body.1;
    }

    fn view(&self, _: &Key, stock: &i64) -> i64 {
        *stock
    }

    fn outputs(&self, _: &Key, stock: &i64, _: &Flows) -> BTreeMap<Slot, i64> {
        if *stock < 5 { [("low".into(), *stock)].into() } else { BTreeMap::new() }
    }
}

// The C library starts the program, and provides the memory copying functions that the compiler calls.
#[link(name = "c")]
unsafe extern "C" {
    fn abort() -> !;
}

/// The function that the C library calls. It ignores the arguments.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let mut engine = Engine::new(Stock, Options::default());
    for (id, change) in [("delivery", 10), ("sale", -7)] {
        let body = Some(("apples".to_owned(), change));
        engine.take(None, Stimulus::In(Message { from: "till".into(), id: id.into(), revision: 1, body }));
    }
    let key = "apples".into();
    let (view, recomputed) = (engine.view(&key), engine.recompute(&key));
    i32::from((view, recomputed, engine.slots(&key).count()) != (Some(3), Some(3), 1))
}

/// A symbol that the compiler's own `alloc` references for panics that unwind. Here none does.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// Another symbol for panics that unwind.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: the function takes no arguments and never returns.
    unsafe { abort() }
}
