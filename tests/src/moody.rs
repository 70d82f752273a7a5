//! A receiver in bad moods: it answers late, twice, with an error, or not at all.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use afresh_fixtures::generate::Dice;
use serde_json::Value;

use crate::served::{read_line, read_rest};

/// The outputs that a receiver has: of each id, the highest revision and its body.
type Has = BTreeMap<String, (u64, Option<Value>)>;

/// A receiver that listens on a free port, until the process ends.
#[derive(Clone, Debug)]
pub struct Moody {
    url: String,
    has: Arc<Mutex<Has>>,
    /// The share of requests to which it answers in a bad mood, in thousandths.
    moodiness: Arc<Mutex<u32>>,
}

impl Moody {
    /// Starts a receiver.
    pub fn start(seed: u64, moodiness: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/in", listener.local_addr().expect("an address"));
        let moody = Self { url, has: Arc::default(), moodiness: Arc::new(Mutex::new(moodiness)) };
        let (own, dice) = (moody.clone(), Arc::new(Mutex::new(Dice::new(seed))));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, dice) = (own.clone(), Arc::clone(&dice));
                // An error says that the service has gone.
                thread::spawn(move || own.answer(&stream, &dice));
            }
        });
        moody
    }

    /// The URL to which outputs are sent.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers every request well from now on.
    pub fn calm(&self) {
        *self.moodiness.lock().expect("nobody panics") = 0;
    }

    /// The outputs that it has: of each id, the body of the highest revision, if that is not withdrawn.
    pub fn outputs(&self) -> BTreeMap<String, Value> {
        let has = self.has.lock().expect("nobody panics");
        has.iter().filter_map(|(id, (_, body))| Some((id.clone(), body.clone()?))).collect()
    }

    /// Answers the requests of one connection.
    fn answer(&self, stream: &TcpStream, dice: &Mutex<Dice>) -> io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            read_line(&mut reader)?;
            let body = read_rest(&mut reader)?;
            let moodiness = *self.moodiness.lock().expect("nobody panics");
            let (is_moody, mood) = {
                let mut dice = dice.lock().expect("nobody panics");
                (dice.permille(moodiness), dice.below(4))
            };
            let status = match mood {
                _ if !is_moody => self.take(&body),
                // It has the output, and says that it does not: so it gets it again.
                0 => self.take(&body).max(500),
                1 => 500,
                2 => {
                    thread::sleep(Duration::from_millis(20));
                    self.take(&body)
                }
                _ => {
                    self.take(&body);
                    return Ok(());
                }
            };
            let mut stream = stream;
            stream.write_all(format!("HTTP/1.1 {status} Of course\r\nContent-Length: 0\r\n\r\n").as_bytes())?;
        }
    }

    /// Keeps an output, unless it has a higher revision already.
    fn take(&self, body: &str) -> u16 {
        let message: Value = serde_json::from_str(body).expect("an output is JSON");
        let id = message["id"].as_str().expect("an id").to_owned();
        let revision = message["revision"].as_u64().expect("a revision");
        let mut has = self.has.lock().expect("nobody panics");
        let kept = has.entry(id).or_insert((0, None));
        if revision > kept.0 {
            *kept = (revision, message.get("body").cloned());
        }
        204
    }
}
