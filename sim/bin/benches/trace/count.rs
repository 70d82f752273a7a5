//! An allocator that can count the bytes in use.
#![expect(
    unsafe_code,
    reason = "an allocator can be told what is in use only by being one; it hands on every call as it is"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Turns counting on. Threads that count wait for each other at every allocation, so nothing is timed meanwhile.
static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with counting.
pub(crate) struct Counting;

/// Runs `work` while counting. Returns its result, the bytes still in use after it, and the peak. `work` must not
/// free what it has not allocated.
pub(crate) fn count<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let made = work();
    COUNTING.store(false, Relaxed);
    (made, LIVE.load(Relaxed), PEAK.load(Relaxed))
}

fn grow(bytes: usize) {
    if COUNTING.load(Relaxed) {
        PEAK.fetch_max(LIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    }
}

fn shrink(bytes: usize) {
    if COUNTING.load(Relaxed) {
        LIVE.fetch_sub(bytes, Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller makes the promises that the system's allocator requires.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: the caller makes the promises that the system's allocator requires.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        shrink(layout.size());
        // SAFETY: the caller makes the promises that the system's allocator requires.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
