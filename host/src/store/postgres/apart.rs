//! Work that blocks, on a thread without a Tokio runtime: the client of Postgres has a runtime of its own, and one
//! runtime cannot run in another.

use std::thread;

use postgres::Client;
use tokio::runtime::Handle;

/// Does work on a thread without a runtime. This is the thread itself, if it has none.
pub(super) fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if Handle::try_current().is_err() {
        return work();
    }
    thread::scope(|scope| scope.spawn(work).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// A client that is also dropped apart, because it says good-bye to the server.
pub(super) struct Apart(Option<Client>);

impl Apart {
    pub(super) fn new(client: Client) -> Self {
        Self(Some(client))
    }

    pub(super) fn get(&mut self) -> &mut Client {
        self.0.as_mut().expect("only the end of this value takes it")
    }
}

impl std::fmt::Debug for Apart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a client of Postgres")
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let client = self.0.take();
        apart(|| drop(client));
    }
}
