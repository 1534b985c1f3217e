//! Look-ups that come together are answered together.
//!
//! On PostgreSQL a look-up by key costs a thread's turn and a round trip to
//! the server, many times what the server does for it. While one is on its way
//! others come, and they go as one statement with the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Conn, Db, Error, Result};

/// Keys of one statement at most.
const TOGETHER: usize = 64;
/// How long more are waited for, where several came with the last statement:
/// some of its cost, for those who would have to wait for it anyway.
const MORE: Duration = Duration::from_micros(100);

type Find<K, V> = fn(&mut Conn, K) -> Result<Option<V>>;
type FindMany<K, V> = fn(&mut Conn, &[K]) -> Result<Vec<(K, V)>>;

/// Look-ups of one kind, by keys `K`.
#[derive(Debug)]
pub struct Gather<K, V>(Arc<Shared<K, V>>);

#[derive(Debug)]
struct Shared<K, V> {
    find: Find<K, V>,
    find_many: FindMany<K, V>,
    waiting: Mutex<Waiting<K, V>>,
}

#[derive(Debug)]
struct Waiting<K, V> {
    asked: Vec<Asked<K, V>>,
    /// Whether somebody is at work on them.
    served: bool,
}

#[derive(Debug)]
struct Asked<K, V> {
    key: K,
    answer: oneshot::Sender<Option<V>>,
}

impl<K, V> Gather<K, V>
where
    K: Copy + Ord + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Look-ups by these two, which must agree: of one key, and of several.
    pub fn new(find: Find<K, V>, find_many: FindMany<K, V>) -> Self {
        Self(Arc::new(Shared {
            find,
            find_many,
            waiting: Mutex::new(Waiting {
                asked: Vec::new(),
                served: false,
            }),
        }))
    }

    /// What there is under that key, as it was committed when this was called
    /// or later. On SQLite each look-up goes alone ([`Db::look_up`]).
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn find(&self, db: &Db, key: K) -> Result<Option<V>> {
        let find = self.0.find;
        if !db.is_across_a_network() {
            return db.look_up(move |conn| find(conn, key)).await;
        }
        let (answer, answered) = oneshot::channel();
        if self.0.ask(Asked { key, answer }) {
            let db = db.clone();
            let turn = Turn {
                at: Arc::clone(&self.0),
                over: false,
            };
            tokio::task::spawn_blocking(move || turn.take(&db));
        }
        match answered.await {
            Ok(found) => Ok(found),
            // What befell all of them together is found out by each for itself.
            Err(_) => db.read(move |conn| find(conn, key)).await,
        }
    }
}

/// Somebody's turn at the queue. However it ends, also before it began where
/// the runtime stops, nobody is left waiting for it.
struct Turn<K, V> {
    at: Arc<Shared<K, V>>,
    over: bool,
}

impl<K: Copy + Ord, V: Clone> Turn<K, V> {
    fn take(mut self, db: &Db) {
        self.at.serve(db);
        self.over = true;
    }
}

impl<K, V> Drop for Turn<K, V> {
    fn drop(&mut self) {
        if !self.over {
            let mut waiting = self.at.waiting();
            waiting.served = false;
            waiting.asked.clear();
        }
    }
}

impl<K, V> Shared<K, V> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<K, V>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Shared<K, V>
where
    K: Copy + Ord,
    V: Clone,
{
    /// Queues a look-up; true when nobody is at work on the queue.
    fn ask(&self, asked: Asked<K, V>) -> bool {
        let mut waiting = self.waiting();
        waiting.asked.push(asked);
        !std::mem::replace(&mut waiting.served, true)
    }

    /// Answers until nobody waits.
    fn serve(&self, db: &Db) {
        while let Some(asked) = self.next() {
            let mut keys: Vec<K> = asked.iter().map(|asked| asked.key).collect();
            keys.sort_unstable();
            keys.dedup();
            let found = db.read_blocking(|conn| {
                Ok::<_, Error>(match keys.as_slice() {
                    &[key] => Vec::from_iter((self.find)(conn, key)?.map(|value| (key, value))),
                    keys => (self.find_many)(conn, keys)?,
                })
            });
            // On an error the answers are dropped unsent.
            if let Ok(found) = found {
                let found: BTreeMap<K, V> = found.into_iter().collect();
                for Asked { key, answer } in asked {
                    // Whoever asked may have stopped waiting.
                    let _ = answer.send(found.get(&key).cloned());
                }
            }
            if keys.len() > 1 {
                thread::sleep(MORE);
            }
        }
    }

    fn next(&self) -> Option<Vec<Asked<K, V>>> {
        let mut waiting = self.waiting();
        if waiting.asked.is_empty() {
            waiting.served = false;
            return None;
        }
        let count = waiting.asked.len().min(TOGETHER);
        Some(waiting.asked.drain(..count).collect())
    }
}
