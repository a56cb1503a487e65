//! The connection that everybody shares: commands with a time limit, and a new connection when it breaks.
//!
//! Nobody waits for a server that is known to be away. When a command runs out of time or the connection breaks, no
//! further command goes that way: what is sent to a hung server would be done when it wakes up, long after its caller
//! was told that it failed. A task dials until the server answers again. Where the primary may become another one, a task
//! watches for that, too: a connection to the old one may look as good as ever.

use crate::connection::errands::Errands;
use crate::connection::fence::{Standing, proof, proof_beside};
use crate::connection::replicas::Replicas;
use crate::connection::spares::{Handle, Spares};
use crate::connection::target::Target;
use crate::error::{fenced, is_fenced, is_unfit, out_of_time, replica, unheard};
use crate::scripts::Script;
use parking_lot::Mutex;
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, PushInfo, PushKind, RedisError, ServerErrorKind,
    Value,
};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// The first pause between two attempts to connect; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// How often a first connection is tried when nobody answers.
const ATTEMPTS: usize = 5;
/// How often it is asked whether the primary is still the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone)]
enum State {
    /// Connected for the n-th time.
    Up(MultiplexedConnection, u64),
    /// The first attempt after a loss is under way: worth a short wait.
    Dialling(u64),
    /// The last attempt failed.
    Down(RedisError, u64),
}

/// A connection that comes back by itself.
pub(crate) struct Link {
    target: Target,
    /// Connections are counted from here, so that no two links give theirs the same number.
    first: u64,
    /// The server that it dialled last.
    server: Mutex<Option<Client>>,
    limit: Duration,
    state: watch::Sender<State>,
    /// Which connection is up; 0 if none is. Says the same as `state`, for those who must not wait for its lock.
    up: AtomicU64,
    spares: Spares,
    errands: Errands,
    replicas: Replicas,
    /// Whether the server may be believed.
    standing: Standing,
    dialler: Mutex<Option<JoinHandle<()>>>,
    looker: Mutex<Option<JoinHandle<()>>>,
}

impl Link {
    /// Connects once, so that a wrong address or password is found at the start.
    pub(crate) async fn new(target: Target, limit: Duration) -> Result<Arc<Self>, RedisError> {
        let link = Self::unconnected(target, limit);
        let first = link.first + 1;
        let connection = patiently(|| link.dial(first)).await?;
        link.is_up(connection, first);
        if link.target.moves() {
            tokio::spawn(watch_for_another(Arc::downgrade(&link)));
        }
        Ok(link)
    }

    /// Connects when it is first used.
    pub(crate) fn unconnected(target: Target, limit: Duration) -> Arc<Self> {
        static LINKS: AtomicU64 = AtomicU64::new(0);
        let first = LINKS.fetch_add(1, Ordering::Relaxed) << 32;
        Arc::new(Self {
            target,
            first,
            server: Mutex::new(None),
            limit,
            state: watch::Sender::new(State::Dialling(first)),
            up: AtomicU64::new(0),
            spares: Spares::default(),
            errands: Errands::default(),
            replicas: Replicas::default(),
            standing: Standing::default(),
            dialler: Mutex::new(None),
            looker: Mutex::new(None),
        })
    }

    fn is_up(self: &Arc<Self>, connection: MultiplexedConnection, number: u64) {
        self.keep_looking();
        self.standing.connected();
        self.state.send_replace(State::Up(connection, number));
        self.up.store(number, Ordering::Release);
    }

    /// How long a command may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Sends a command that changes nothing and whose first argument is a key, once more if the connection broke under it.
    /// Only a server is asked that may write.
    ///
    /// Every check is one of these, so what is rare stands in boxes, and what is not waits for the library directly.
    pub(crate) async fn read(self: &Arc<Self>, command: &Cmd) -> Result<Value, RedisError> {
        let handle = if self.standing.is_good() {
            self.spares.take(self.up.load(Ordering::Acquire))
        } else {
            None
        };
        let answer = match handle {
            Some(mut handle) => {
                let answer = {
                    let asking = pin!(handle.connection.send_packed_command(command));
                    self.errands.carry(&handle.errand, asking).await
                };
                self.answered(answer.and_then(Value::extract_error), handle)
            }
            None => Box::pin(self.read_carefully(command)).await,
        };
        match answer {
            Err(error) if error.is_connection_dropped() => {
                let again = Box::pin(timeout(self.limit / 2, self.read_carefully(command))).await;
                again.unwrap_or_else(|_| Err(out_of_time()))
            }
            answer => answer,
        }
    }

    /// Reads, and has the server show in the same breath that it may write if it has not of late.
    async fn read_carefully(self: &Arc<Self>, command: &Cmd) -> Result<Value, RedisError> {
        self.wake_up();
        if self.standing.is_good() {
            return self.send(command).await;
        }
        let mut asking = Pipeline::with_capacity(2);
        asking.add_command(proof_beside(command));
        asking.add_command(command.clone());
        let (asked, number) = (Standing::now(), self.up.load(Ordering::Acquire));
        let mut answers = self.send_all(&asking).await?.into_iter();
        self.showed(answers.next().unwrap_or_else(|| Err(unheard())), asked, number)?;
        answers.next().unwrap_or_else(|| Err(unheard()))
    }

    /// Has the server show that it may write.
    pub(crate) async fn prove(self: &Arc<Self>, name: &[u8]) -> Result<(), RedisError> {
        self.wake_up();
        let (asked, number) = (Standing::now(), self.up.load(Ordering::Acquire));
        let answer = self.send_regardless(&proof(name)).await;
        self.showed(answer, asked, number)
    }

    /// What a server showed that was asked at this moment on the n-th connection.
    fn showed(
        &self,
        answer: Result<Value, RedisError>,
        asked: Duration,
        number: u64,
    ) -> Result<(), RedisError> {
        match answer {
            Ok(_) if number == self.up.load(Ordering::Acquire) => self.standing.may_write(asked),
            Err(error) if is_fenced(&error) => {
                self.standing.may_not_write();
                return Err(error);
            }
            // It can not write at the moment, for reasons that have nothing to do with who is the primary.
            Err(error) if is_unfit(&error) => self.standing.answered(asked),
            Err(error) => return Err(error),
            // Another connection came up meanwhile.
            Ok(_) => {}
        }
        Ok(())
    }

    /// Gives up a connection of before this machine slept: another server may be the primary by now.
    fn wake_up(self: &Arc<Self>) {
        if self.standing.is_of_before_a_sleep() {
            self.lost(self.up.load(Ordering::Acquire));
        }
    }

    /// Sends several commands in one go. The answers are in order; each may be an error.
    pub(crate) async fn send_all(
        self: &Arc<Self>,
        commands: &Pipeline,
    ) -> Result<Vec<Result<Value, RedisError>>, RedisError> {
        self.wake_up();
        if self.standing.is_fenced() {
            return Err(fenced());
        }
        let mut handle = self.connection().await?;
        let asking = handle
            .connection
            .send_packed_commands(commands, 0, commands.len());
        let answers = self.errands.carry(&handle.errand, pin!(asking)).await;
        let answers = self.answered(answers, handle)?;
        Ok(answers.into_iter().map(Value::extract_error).collect())
    }

    /// Sends a command that may change something.
    pub(crate) async fn write(self: &Arc<Self>, command: &Cmd) -> Result<Value, RedisError> {
        self.wake_up();
        self.send(command).await
    }

    /// Runs a script by the name that `command` gives; a server that does not know it is told.
    pub(crate) async fn run(self: &Arc<Self>, script: &Script, command: &Cmd) -> Result<Value, RedisError> {
        match self.write(command).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let teach = async {
                    self.send(redis::cmd("SCRIPT").arg("LOAD").arg(script.source))
                        .await?;
                    self.send(command).await
                };
                let taught = timeout(self.limit / 2, teach).await;
                taught.unwrap_or_else(|_| Err(out_of_time()))
            }
            answer => answer,
        }
    }

    /// A connection of one's own to the same server, for commands that block. It has no time limit: its user sets one.
    /// `pushed` hears what the server says unasked, and that the connection broke.
    pub(crate) async fn private(
        &self,
        pushed: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limit))
            .set_response_timeout(None)
            .set_push_sender(pushed);
        let server = self.server.lock().clone();
        let server = match server {
            Some(server) => server,
            None => self.find().await?,
        };
        self.connect(&server, &config).await
    }

    /// Waits until the n-th connection is not the present one any more.
    pub(crate) async fn given_up(&self, number: u64) {
        let mut states = self.state.subscribe();
        let is_up = |state: &State| matches!(state, State::Up(_, present) if *present == number);
        while is_up(&states.borrow_and_update()) {
            if states.changed().await.is_err() {
                return;
            }
        }
    }

    /// Which connection is up; 0 if none is.
    pub(crate) fn number(&self) -> u64 {
        self.up.load(Ordering::Acquire)
    }

    /// Whether what was written before this call is, in time, on so many replicas at least, and on every one that may
    /// take over; if the n-th connection, on which it was written, is still the present one. A key of this name is written
    /// for it.
    pub(crate) async fn replicas_have_it(
        self: &Arc<Self>,
        name: &[u8],
        wanted: u32,
        number: u64,
    ) -> Result<bool, RedisError> {
        self.replicas.have_it(self, name, wanted, number).await
    }

    /// Where it goes, and who tells which replicas may take over there.
    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The server that is connected, or was last.
    pub(crate) fn address(&self) -> Option<String> {
        let server = self.server.lock();
        server
            .as_ref()
            .map(|client| client.get_connection_info().addr().to_string())
    }

    /// Sends a command, unless the server has lost the right to write.
    pub(crate) async fn send(self: &Arc<Self>, command: &Cmd) -> Result<Value, RedisError> {
        if self.standing.is_fenced() {
            return Err(fenced());
        }
        self.send_regardless(command).await
    }

    /// Whether another server could take this one's place.
    pub(crate) async fn may_be_replaced(self: &Arc<Self>) -> bool {
        if self.standing.is_replicated() {
            return true;
        }
        let mut asking = redis::cmd("INFO");
        asking.arg("replication");
        let Ok(answer) = self.send_regardless(&asking).await else {
            return false;
        };
        let told: String = redis::from_redis_value(answer).unwrap_or_default();
        // The second is told where `min-replicas-to-write` is set.
        let replicated = !told.contains("connected_slaves:0") || told.contains("min_slaves_good_slaves");
        if replicated {
            self.standing.replicated();
        }
        replicated
    }

    /// Sends a command whether the server may write or not.
    pub(crate) async fn send_regardless(self: &Arc<Self>, command: &Cmd) -> Result<Value, RedisError> {
        let mut handle = self.connection().await?;
        let asking = handle.connection.send_packed_command(command);
        let answer = self.errands.carry(&handle.errand, pin!(asking)).await;
        let answer = answer.and_then(Value::extract_error);
        self.answered(answer, handle)
    }

    /// What became of a command: the handle is kept for the next one, or the connection is given up.
    fn answered<T>(self: &Arc<Self>, answer: Result<T, RedisError>, handle: Handle) -> Result<T, RedisError> {
        match &answer {
            Ok(_) => self.spares.put(handle),
            Err(error) => self.judge(error, handle.number),
        }
        answer
    }

    /// A handle on the connection, if there is one or the first attempt to get one succeeds in time.
    async fn connection(self: &Arc<Self>) -> Result<Handle, RedisError> {
        if let Some(handle) = self.spares.take(self.up.load(Ordering::Acquire)) {
            return Ok(handle);
        }
        if let State::Up(connection, number) = &*self.state.borrow() {
            return Ok(self.handle(connection.clone(), *number));
        }
        // In a box: nearly every command finds the connection up, and need not carry the room for waiting.
        Box::pin(self.wait_for_connection()).await
    }

    fn handle(&self, connection: MultiplexedConnection, number: u64) -> Handle {
        let errand = self.errands.add();
        Handle {
            connection,
            number,
            errand,
        }
    }

    async fn wait_for_connection(self: &Arc<Self>) -> Result<Handle, RedisError> {
        self.keep_dialling();
        let mut states = self.state.subscribe();
        let wait = async {
            loop {
                match &*states.borrow_and_update() {
                    State::Up(connection, number) => return Ok(self.handle(connection.clone(), *number)),
                    State::Down(error, _) => return Err(error.clone()),
                    State::Dialling(_) => {}
                }
                if states.changed().await.is_err() {
                    return Err(out_of_time());
                }
            }
        };
        // Half the limit, so that waiting and asking together stay below a second.
        timeout(self.limit / 2, wait)
            .await
            .unwrap_or_else(|_| Err(out_of_time()))
    }

    /// Whether a failure means that the connection is of no more use.
    fn judge(self: &Arc<Self>, error: &RedisError, number: u64) {
        let demoted = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        if demoted || error.is_io_error() || error.is_unrecoverable_error() {
            self.lost(number);
        }
    }

    /// Gives up the n-th connection, if that is still the present one.
    fn lost(self: &Arc<Self>, number: u64) {
        let gave_up = self.state.send_if_modified(|state| match state {
            State::Up(_, present) if *present == number => {
                *state = State::Dialling(number);
                true
            }
            _ => false,
        });
        if gave_up {
            let _ = self
                .up
                .compare_exchange(number, 0, Ordering::AcqRel, Ordering::Relaxed);
            self.spares.clear();
            tracing::warn!("the connection to the session store broke or hangs; dialling");
            self.keep_dialling();
        }
    }

    /// Starts the dialling task unless it runs. (It may have died with the runtime that it was started on.)
    fn keep_dialling(self: &Arc<Self>) {
        let mut dialler = self.dialler.lock();
        if dialler.as_ref().is_none_or(JoinHandle::is_finished)
            && !matches!(*self.state.borrow(), State::Up(..))
        {
            *dialler = Some(tokio::spawn(dial_until_up(Arc::downgrade(self))));
        }
    }

    /// Starts the task that ends what takes too long, unless it runs. (It, too, may have died.)
    fn keep_looking(self: &Arc<Self>) {
        let mut looker = self.looker.lock();
        if looker.as_ref().is_none_or(JoinHandle::is_finished) {
            *looker = Some(tokio::spawn(look_now_and_then(
                Arc::downgrade(self),
                Errands::pause(self.limit),
            )));
        }
    }

    async fn dial(self: &Arc<Self>, number: u64) -> Result<MultiplexedConnection, RedisError> {
        let link = Arc::downgrade(self);
        let hung_up = move |info: PushInfo| {
            if let (PushKind::Disconnection, Some(link)) = (info.kind, link.upgrade()) {
                link.lost(number);
            }
            Ok::<(), redis::aio::SendError>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limit))
            .set_response_timeout(None)
            .set_push_sender(hung_up);
        let server = self.find().await?;
        let mut connection = self.connect(&server, &config).await?;
        if self.target.moves() {
            let asking = timeout(self.limit, self.refuse_replica(&mut connection));
            asking.await.unwrap_or_else(|_| Err(out_of_time()))?;
        }
        *self.server.lock() = Some(server);
        Ok(connection)
    }

    /// Where to dial now.
    async fn find(&self) -> Result<Client, RedisError> {
        self.target.find(self.limit).await
    }

    /// Sentinels name a server before it knows of its promotion, and one that was replaced before it does.
    async fn refuse_replica(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
        let mut asking = redis::cmd("INFO");
        asking.arg("replication");
        let role: String = asking.query_async(connection).await?;
        if role.contains("role:master") {
            Ok(())
        } else {
            Err(replica())
        }
    }

    async fn connect(
        &self,
        server: &Client,
        config: &AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, RedisError> {
        let connecting = server.get_multiplexed_async_connection_with_config(config);
        // The library's own limit does not cover every step of the handshake in every version.
        timeout(self.limit, connecting)
            .await
            .unwrap_or_else(|_| Err(out_of_time()))
    }

    /// Gives up the connection if the primary has become another server.
    async fn look_for_another(self: &Arc<Self>) {
        let number = self.up.load(Ordering::Acquire);
        let present = self.address();
        if let Ok(primary) = self.find().await
            && present.is_some_and(|present| present != primary.get_connection_info().addr().to_string())
        {
            self.lost(number);
        }
    }
}

/// At the start there is nobody yet who would ask again: on a machine that has much to do, and in the middle of a fail-over,
/// one attempt can run out of time. What a server says is told at once.
pub(crate) async fn patiently<T, F>(attempt: impl Fn() -> F) -> Result<T, RedisError>
where
    F: Future<Output = Result<T, RedisError>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if error.is_io_error() => sleep(pause).await,
            done => return done,
        }
        pause *= 2;
    }
    attempt().await
}

async fn look_now_and_then(link: Weak<Link>, pause: Duration) {
    loop {
        sleep(pause).await;
        let Some(link) = link.upgrade() else { return };
        link.errands.look();
    }
}

async fn watch_for_another(link: Weak<Link>) {
    loop {
        sleep(LOOK_EVERY).await;
        let Some(link) = link.upgrade() else { return };
        link.look_for_another().await;
    }
}

async fn dial_until_up(link: Weak<Link>) {
    let mut pause = FIRST_PAUSE;
    loop {
        // Nobody needs the connection any more once the store is dropped.
        let Some(link) = link.upgrade() else { return };
        let number = match &*link.state.borrow() {
            State::Up(..) => return,
            State::Dialling(number) | State::Down(_, number) => number + 1,
        };
        match link.dial(number).await {
            Ok(connection) => {
                link.is_up(connection, number);
                tracing::info!("the session store answers again");
                return;
            }
            Err(error) => {
                link.state.send_replace(State::Down(error, number));
            }
        }
        drop(link);
        sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}
