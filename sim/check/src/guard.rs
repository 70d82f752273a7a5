//! The guard that a host gives the engine: it catches a panic of the system under test and gives its message.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::sync::Once;

thread_local! {
    /// How many guards are around the code that this thread is running.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; the message of its panic, with the name of the file and the line, if it panics.
///
/// What `work` had changed is then to be thrown away. A panic outside of a guard is printed as ever.
///
/// # Errors
///
/// Gives the message of the panic.
pub fn guard(work: &mut dyn FnMut()) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| if GUARDS.get() == 0 { before(panic) } else { note(panic) }));
    });
    GUARDS.set(GUARDS.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDS.set(GUARDS.get() - 1);
    done.map_err(|_| MESSAGE.take().unwrap_or_else(|| "no message".to_owned()))
}

fn note(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a value that is not text");
    // The folder of the source depends on the machine, its name does not.
    let place = panic.location().map(|location| {
        let file = Path::new(location.file()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!(" ({file}:{})", location.line())
    });
    MESSAGE.set(Some(format!("{message}{}", place.unwrap_or_default())));
}

/// What of a panic's message makes it the same bug as another: no place, number or quoted value.
pub fn signature_of_panic(message: &str) -> String {
    without_values(message.rsplit_once(" (").map_or(message, |(message, _)| message))
}

/// `text` without its numbers and without what it quotes.
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
