//! Sessions: who has logged in to the console, and the tokens of its forms.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::request::Parts;
use blake3::Hash;

use super::super::access::Caller;
use super::super::failure::Failure;
use super::super::scan::internal;
use super::super::serve::Encrypted;

/// The time after which a session ends.
const SESSION_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// The most sessions at a time. One more ends the session that would end next.
const SESSIONS_MAX: usize = 256;

/// The failed logins that an address has within [`FAILURES_IN`]. Further logins from it are refused.
const FAILURES_MAX: u32 = 10;

/// The time after which the failed logins of an address are forgotten.
const FAILURES_IN: Duration = Duration::from_secs(60);

/// The most addresses whose failed logins are counted. One more forgets the address that failed first.
const ADDRESSES_MAX: usize = 1024;

/// The sessions of a console. They are only in memory, so a restart of the service ends all of them.
///
/// Every time is counted from the start of the console.
#[derive(Default)]
pub(super) struct Sessions {
    secret: OnceLock<[u8; 32]>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The sessions by the hashes of their ids, so that the time of a look-up tells nothing of an id.
    sessions: BTreeMap<[u8; 32], Session>,
    failures: BTreeMap<Option<IpAddr>, Failures>,
}

struct Session {
    caller: Caller,
    ends: Duration,
}

/// The failed logins from one address.
struct Failures {
    since: Duration,
    count: u32,
}

impl Sessions {
    /// Begins a session, and returns its id.
    pub(super) fn begin(&self, caller: Caller, now: Duration) -> Result<String, Failure> {
        let id = random_id()?;
        let mut known = self.known();
        known.sessions.retain(|_, session| session.ends > now);
        if known.sessions.len() >= SESSIONS_MAX {
            let next = known.sessions.iter().min_by_key(|(_, session)| session.ends).map(|(id, _)| *id);
            next.and_then(|next| known.sessions.remove(&next));
        }
        known.sessions.insert(hash(&id), Session { caller, ends: now + SESSION_MAX });
        Ok(id)
    }

    /// The caller whose session this is, if it has not ended.
    pub(super) fn caller(&self, id: &str, now: Duration) -> Option<Caller> {
        self.known().sessions.get(&hash(id)).filter(|session| session.ends > now).map(|session| session.caller.clone())
    }

    /// Ends a session.
    pub(super) fn end(&self, id: &str) {
        self.known().sessions.remove(&hash(id));
    }

    /// Returns true if an address may try to log in.
    pub(super) fn may_try(&self, address: Option<IpAddr>, now: Duration) -> bool {
        let mut known = self.known();
        known.failures.retain(|_, failures| failures.since + FAILURES_IN > now);
        known.failures.get(&address).is_none_or(|failures| failures.count < FAILURES_MAX)
    }

    /// Counts a failed login.
    pub(super) fn failed(&self, address: Option<IpAddr>, now: Duration) {
        let failures = &mut self.known().failures;
        if failures.len() >= ADDRESSES_MAX && !failures.contains_key(&address) {
            let first = failures.iter().min_by_key(|(_, failures)| failures.since).map(|(address, _)| *address);
            first.and_then(|first| failures.remove(&first));
        }
        failures.entry(address).or_insert(Failures { since: now, count: 0 }).count += 1;
    }

    /// The token that forms of this session or caller carry. A page of another site can neither read nor guess it.
    pub(super) fn form(&self, of: Of<'_>) -> Result<String, Failure> {
        Ok(self.form_hash(of)?.to_hex().to_string())
    }

    /// Returns true if this is the token of the forms. The time that this takes tells nothing of the token.
    pub(super) fn is_form(&self, of: Of<'_>, token: &str) -> Result<bool, Failure> {
        let own = self.form_hash(of)?;
        Ok(Hash::from_hex(token).is_ok_and(|token| token == own))
    }

    fn form_hash(&self, of: Of<'_>) -> Result<Hash, Failure> {
        let text = match of {
            Of::Session(id) => format!("session {id}"),
            Of::Caller(name) => format!("caller {name}"),
        };
        Ok(blake3::keyed_hash(self.secret()?, text.as_bytes()))
    }

    /// The id in the cookie of a request, whether or not it is that of a session.
    pub(super) fn cookie(&self, request: &Parts) -> Option<String> {
        let name = self.cookie_name().ok()?;
        let cookies = request.headers.get_all(COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
        let mut cookies = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|one| one.trim().split_once('='));
        let (_, id) = cookies.find(|(other, _)| *other == name)?;
        Hash::from_hex(id).is_ok().then(|| id.to_owned())
    }

    /// The header that sets the cookie, or removes it if `id` is empty.
    ///
    /// Without a path, the browser sends the cookie only to the folder that set it, which is the console.
    pub(super) fn set_cookie(&self, request: &Parts, id: &str) -> Result<String, Failure> {
        let name = self.cookie_name()?;
        let secure = if request.extensions.get::<Encrypted>().is_some() { "; Secure" } else { "" };
        let removed = if id.is_empty() { "; Max-Age=0" } else { "" };
        Ok(format!("{name}={id}; HttpOnly; SameSite=Strict{secure}{removed}"))
    }

    /// The name of the cookie. Browsers send cookies to all ports of a host, so each service has a name of its own.
    fn cookie_name(&self) -> Result<String, Failure> {
        let hash = blake3::keyed_hash(self.secret()?, b"cookie").to_hex();
        Ok(format!("afresh_{}", &hash[..8]))
    }

    fn secret(&self) -> Result<&[u8; 32], Failure> {
        match self.secret.get() {
            Some(secret) => Ok(secret),
            None => {
                let drawn = random()?;
                Ok(self.secret.get_or_init(|| drawn))
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The owner of forms: a session or, without one, a caller by name.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    /// The id of a session.
    Session(&'a str),
    /// The name of a caller who needs no session.
    Caller(&'a str),
}

/// An id that nobody can guess.
pub(super) fn random_id() -> Result<String, Failure> {
    Ok(Hash::from_bytes(random()?).to_hex().to_string())
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| internal(format!("no random numbers for a session: {error}")))?;
    Ok(bytes)
}

fn hash(id: &str) -> [u8; 32] {
    *blake3::hash(id.as_bytes()).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::super::access::Role;
    use super::*;

    fn caller(name: &str) -> Caller {
        Caller { name: name.into(), roles: vec![Role::Operate] }
    }

    fn begin(sessions: &Sessions, name: &str, now: Duration) -> String {
        sessions.begin(caller(name), now).unwrap_or_else(|failure| panic!("{:?}", failure.fields))
    }

    #[test]
    fn a_session_ends_by_itself_and_by_a_logout() {
        let sessions = Sessions::default();
        let id = begin(&sessions, "anna", Duration::ZERO);
        let last = SESSION_MAX - Duration::from_nanos(1);
        assert_eq!(sessions.caller(&id, last), Some(caller("anna")));
        assert_eq!(sessions.caller(&id, SESSION_MAX), None);
        assert_eq!(sessions.caller("", Duration::ZERO), None);
        sessions.end(&id);
        assert_eq!(sessions.caller(&id, Duration::ZERO), None);
    }

    #[test]
    fn sessions_are_bounded_and_the_oldest_one_gives_way() {
        let sessions = Sessions::default();
        let at = |second: usize| Duration::from_secs(second as u64);
        let ids: Vec<_> = (0..=SESSIONS_MAX).map(|number| begin(&sessions, "anna", at(number))).collect();
        assert_eq!(sessions.known().sessions.len(), SESSIONS_MAX);
        assert_eq!(sessions.caller(&ids[0], at(300)), None);
        assert!(ids[1..].iter().all(|id| sessions.caller(id, at(300)).is_some()));
    }

    #[test]
    fn failed_logins_are_bounded_for_each_address() {
        let sessions = Sessions::default();
        let (one, other) = (Some(IpAddr::from([10, 0, 0, 1])), Some(IpAddr::from([10, 0, 0, 2])));
        for _ in 0..FAILURES_MAX {
            assert!(sessions.may_try(one, Duration::ZERO));
            sessions.failed(one, Duration::ZERO);
        }
        assert!(
            !sessions.may_try(one, FAILURES_IN - Duration::from_nanos(1)) && sessions.may_try(other, Duration::ZERO)
        );
        assert!(sessions.may_try(one, FAILURES_IN), "after a while, the address may try again");
        for number in 0..2 * ADDRESSES_MAX as u32 {
            sessions.failed(Some(IpAddr::from(number.to_be_bytes())), FAILURES_IN);
        }
        assert_eq!(sessions.known().failures.len(), ADDRESSES_MAX);
    }

    #[test]
    fn the_token_of_a_form_belongs_to_one_session_of_one_console() {
        let (sessions, other) = (Sessions::default(), Sessions::default());
        let form = |sessions: &Sessions, of| sessions.form(of).unwrap_or_else(|failure| panic!("{:?}", failure.fields));
        let is_form = |of, token: &str| sessions.is_form(of, token).is_ok_and(|is_form| is_form);
        let token = form(&sessions, Of::Session("a"));
        assert!(is_form(Of::Session("a"), &token));
        for (of, token) in [
            (Of::Session("b"), token.as_str()),
            (Of::Caller("a"), &token),
            (Of::Session("a"), &form(&other, Of::Session("a"))),
            (Of::Session("a"), ""),
        ] {
            assert!(!is_form(of, token));
        }
    }
}
