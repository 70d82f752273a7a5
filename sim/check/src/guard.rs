//! The guard that the host passes to the engine. It catches panics of the system under test.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::Once;

thread_local! {
    /// The number of guards, nested in each other, that this thread is in.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work` and catches its panic.
///
/// After a panic, discard everything that `work` was changing. Panics inside a guard are not printed; panics outside
/// are printed as usual.
///
/// # Errors
///
/// If `work` panics, returns the message of the panic, with the file name and the line.
pub fn guard(work: &mut dyn FnMut()) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| if GUARDS.get() == 0 { before(panic) } else { note(panic) }));
    });
    GUARDS.set(GUARDS.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDS.set(GUARDS.get() - 1);
    // A system whose code runs elsewhere ends with a message, without a panic in this code.
    done.map_err(|payload| {
        let told = || payload.downcast_ref::<String>().cloned();
        MESSAGE.take().or_else(told).unwrap_or_else(|| "no message".to_owned())
    })
}

fn note(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a value that is not text");
    // The name of the source file is the same on every machine, but its folder is not.
    let place = panic.location().map(|location| {
        let file = Path::new(location.file()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!(" ({file}:{})", location.line())
    });
    MESSAGE.set(Some(format!("{message}{}", place.unwrap_or_default())));
}

/// Reduces the message of a panic to the text that is equal for every occurrence of the same bug.
///
/// It removes the place and the quoted values, and replaces each number by `#`.
pub fn signature_of_panic(message: &str) -> String {
    // The place, as the hook adds it: ` (file.rs:12)`.
    let is_place = |text: &str| {
        let line = text.strip_suffix(')').and_then(|text| text.rsplit_once(':'));
        line.is_some_and(|(_, line)| line.parse::<u32>().is_ok())
    };
    let placed = message.rsplit_once(" (").filter(|(_, place)| is_place(place));
    without_values(placed.map_or(message, |(message, _)| message))
}

/// Replaces each number in `text` by `#`, and removes the text between quotes.
pub fn without_values(text: &str) -> String {
    let mut plain = String::new();
    let mut quote = None;
    for char in text.chars() {
        match (quote, char) {
            (Some(end), char) if char == end => {
                quote = None;
                plain.push(char);
            }
            (Some(_), _) => {}
            (None, '"' | '`') => {
                quote = Some(char);
                plain.push(char);
            }
            (None, '0'..='9') if plain.ends_with('#') => {}
            (None, '0'..='9') => plain.push('#'),
            (None, char) => plain.push(char),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_given_as_its_message_and_place() {
        let message = guard(&mut || panic!("no {} here", 1)).unwrap_err();
        assert!(message.starts_with("no 1 here (guard.rs:"), "{message}");
        assert_eq!(guard(&mut || {}), Ok(()));
    }

    #[test]
    fn a_signature_holds_no_values() {
        let of = signature_of_panic;
        assert_eq!(
            of("index out of bounds: the len is 3 but the index is 17 (a.rs:1)"),
            of("index out of bounds: the len is 4 but the index is 9 (b.rs:2)")
        );
        assert_eq!(of("no account \"a-1\""), of("no account \"b\""));
        assert_ne!(of("no account"), of("no hold"));
    }
}
