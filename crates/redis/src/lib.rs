//! Sessions in Redis 7 or Valkey, alone, under Sentinel or as a Cluster: a [`Store`](cloakroom_core::Store) in which a check
//! costs one `GET`.
//!
//! ```no_run
//! use cloakroom_core::Store;
//! use cloakroom_redis::RedisStore;
//!
//! # async fn example(now: cloakroom_core::Timestamp) -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::connect("rediss://app:secret@sessions.internal/0?prefix=shop&ca=/etc/ca.pem").await?;
//! println!("{}, {} sessions", store.describe(), store.count().await?);
//! for finding in store.examine(now).await? {
//!     println!("{}. {}", finding.what, finding.mend);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every step that does more than one thing is one Lua script, and writes its journal entry with it. A check is a plain
//! `GET`; being seen is one script for all sessions of a bucket that were. A command takes at most half a second
//! ([`Options::command_limit`]), then the answer is [`Unavailable`](cloakroom_core::StoreError::Unavailable); what broke
//! is dialled again until it answers.
//!
//! # Where the primary is
//!
//! | URL | |
//! | --- | --- |
//! | `redis://host:6379/0` | always this address; should another server answer there one day, that is noticed |
//! | `redis-sentinel://s1:26379,s2:26379,s3:26379/NAME` | the primary that the Sentinels call `NAME`, by the word of whoever knows of the latest fail-over |
//! | `redis-cluster://h1:6379,h2:6379` | some servers of a cluster; the others are found |
//!
//! `rediss` in place of `redis` means TLS, for Sentinels and all servers. User and password of the URL are those of the
//! servers; Sentinels have theirs in `?sentinel_user=` and `?sentinel_password=`. With `?replicas=1` an ending returns when a
//! replica has it, too, or after the time limit; [`durability`](cloakroom_core::Store::durability) tells which. Under Sentinel and in
//! a cluster it waits for all of the primary's replicas that are up, since any of them may take over; elsewhere say how many
//! there are.
//!
//! In a cluster, all of a user lives in one of 256 slots, so every step stays atomic there, and the journal is a log for each.
//! While an operator moves a slot, checks go on; changes of the sessions in it wait until the move is done, and fail as
//! unavailable should that take longer than the time limit. A near cache relies on all primaries: while one of them is away,
//! every check asks the store.
//!
//! # Keys
//!
//! `3a` stands for one of 256 buckets, in hexadecimal: a hash tag, so that a bucket lives in one slot of a cluster.
//!
//! | key | type | what | lives |
//! | --- | --- | --- | --- |
//! | `cr:{3a}:s:HASH` | string | a session, or the way on from a renewed token; 32 raw bytes of hash | deadline + grace |
//! | `cr:{3a}:i:NN` | hash | session id → hash, and subject → session ids; 128 small ones | last absolute deadline + grace |
//! | `cr:{3a}:x:TIME` | list | ids to be looked at from that time on | that time + twice the grace |
//! | `cr:{3a}:w` | sorted set | the times of those lists | the last of them |
//! | `cr:{3a}:m` | hash | `n`, the number of sessions | last absolute deadline + grace |
//! | `cr:{3a}:e:SUBJECT` | string | the epoch of a subject that was logged out everywhere | 2 days |
//! | `cr:{journal}` | stream | what happened; in a cluster `cr:{3a}:j` for each bucket | for ever, but bounded by its length |
//! | `cr:{journal}:lease` | hash | the lease that nodes agreed on; in a cluster `cr:{00}:j:lease` | an hour |
//! | `cr:{journal}:alive` | string | written to confirm the journal; in a cluster one for each primary | a minute |
//!
//! Times to live are a backstop for a server that nobody uses any more: deadlines are kept in the records, and
//! [`sweep`](cloakroom_core::Store::sweep) ends what has lapsed.
//!
//! # Memory
//!
//! Bytes for each session with five values and a browser's full `User-Agent`, one session for each user, as
//! `cargo bench -p cloakroom-redis --bench memory_per_session` measured them on Redis 7.0.15. Next to it express-session's
//! JSON for the same session on the same server, which has neither index, metadata nor journal.
//!
//! | part | 100,000 sessions | 1,000,000 sessions |
//! | --- | --- | --- |
//! | records | 344 | 344 |
//! | index of ids and users | 104 | 86 |
//! | deadlines | 24 | 19 |
//! | the server's tables of keys and times to live | 73 | 56 |
//! | all of these | 545 | 505 |
//! | express-session | 469 | 465 |
//!
//! The journal takes 24 MB when its 100,000 entries are there, however many sessions there are. Beyond some eight million
//! sessions on one server, raise `hash-max-listpack-entries` above its default of 512, or the index leaves its compact form.
//!
//! # Rights
//!
//! A user of its own needs no more than this (`ACL SETUSER app on >secret …`); with `+config|get`,
//! [`examine`](cloakroom_core::Store::examine) also sees whether snapshots are taken:
//!
//! ```text
//! ~cr:* resetchannels -@all +get +getrange +set +setrange +del +exists +pexpire +pttl +hget +hset
//! +hdel +hexists +hgetall +hincrby +rpush +lpop +zadd +zrem +zrangebyscore +xadd +xread +xrange +xinfo
//! +hmget +eval +evalsha +script|load +info +time
//! ```
//!
//! A cluster needs `+cluster|slots +cluster|nodes +asking +client|tracking` as well, and waiting for replicas `+wait`.
//! A user of the Sentinels needs `+sentinel|master +sentinel|get-master-addr-by-name +sentinel|replicas`.
//!
//! # The server
//!
//! `maxmemory-policy noeviction` and `appendonly yes`, a primary, and where it has replicas `min-replicas-to-write 1`, so that
//! one which was cut off and replaced stops confirming what it knows: what is missing is told by `examine`. When memory
//! is full, nobody can log in ([`Full`](cloakroom_core::StoreError::Full)), but checks and logging out work on.

mod call;
mod connection;
mod end;
mod error;
mod journal;
mod lately;
mod names;
mod open;
mod options;
mod read;
mod reply;
mod scripts;
mod server;
mod shared;
mod store;
mod value;
mod write;

pub use connection::address::ConnectError;
pub use options::Options;
pub use store::RedisStore;
