//! An allocator with one block of memory, which is used up and never freed.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 1 << 20;

#[global_allocator]
static BLOCK: Block = Block { bytes: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0) };

struct Block {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

// SAFETY: the bytes are reached only through `alloc`, which never gives the same byte to two callers.
unsafe impl Sync for Block {}

// SAFETY: a piece lies within the block and is aligned as requested. It shares no byte with another piece, because
// `used` only grows.
//
// `unsafe` is unavoidable: no allocator can be written without it, and a program without a standard library needs
// one.
unsafe impl GlobalAlloc for Block {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let first = self.bytes.get().cast::<u8>();
        // This leaves enough room for any alignment.
        let Some(size) = layout.size().checked_add(layout.align()) else { return ptr::null_mut() };
        let start = self.used.fetch_add(size, Ordering::Relaxed);
        if start.checked_add(size).is_none_or(|end| end > SIZE) {
            return ptr::null_mut();
        }
        let piece = first.wrapping_add(start);
        piece.wrapping_add(piece.align_offset(layout.align()))
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
