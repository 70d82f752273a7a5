//! Clients that offer messages over HTTP, each on a connection that it keeps.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::clock;

/// A connection to a service.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Posts a body, and reads the answer. Fails unless the status is 200.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> io::Result<String> {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        self.0.write_all((head + body).as_bytes()).await?;
        let (mut line, mut length, mut is_first) = (String::new(), 0, true);
        loop {
            line.clear();
            self.0.read_line(&mut line).await?;
            if is_first && !line.contains(" 200 ") {
                return Err(io::Error::other(line));
            }
            is_first = false;
            if line == "\r\n" {
                break;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = text.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut answer = vec![0; length];
        self.0.read_exact(&mut answer).await?;
        String::from_utf8(answer).map_err(io::Error::other)
    }
}

/// Offers all messages on `connections` connections, each as fast as it is answered or, with a rate, at that many
/// messages a second in all. Returns how long each message took from when it was due.
pub(crate) async fn offer(
    address: SocketAddr,
    messages: Arc<Vec<String>>,
    connections: usize,
    per_second: Option<f64>,
) -> Vec<Duration> {
    let next = Arc::new(AtomicUsize::new(0));
    let begin = clock();
    let clients = (0..connections).map(|_| {
        let (messages, next) = (Arc::clone(&messages), Arc::clone(&next));
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await.expect("it listens");
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(message) = messages.get(number) else { return times };
                let mut due = clock();
                if let Some(per_second) = per_second {
                    due = begin + Duration::from_secs_f64(number as f64 / per_second);
                    sleep(due.saturating_sub(clock())).await;
                }
                connection.post("/messages", message).await.expect("it is durable");
                times.push(clock().saturating_sub(due));
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.expect("no client panics"));
    }
    times
}
