//! How work reaches a connection: inline reads and one group-committing writer on SQLite, threads
//! that each own a connection on PostgreSQL. Queues are bounded; a full one answers at once.

use std::{
    any::Any,
    cell::RefCell,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::connection::SimpleConnection;
use tokio::sync::oneshot;

use super::{
    Backend, Conn, Refusal, StorageError,
    conn::{Opener, statements_so_far},
    leaves::{LeafHash, taken_leaves},
};
use crate::telemetry::count_statements;

/// What kind of transaction the work needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// None: each statement stands alone.
    Read,
    /// All statements see one snapshot and change nothing.
    Snapshot,
    Serializable,
    /// Read committed; the statements guard themselves.
    Guarded,
}

/// How one attempt ended. What the work said is a `Result` whose types only its caller knows.
pub(super) enum Attempt {
    Kept(Said),
    Refused(Said),
    Failed(StorageError),
    Conflict,
}

/// A `Result<T, E>` on its way to whoever knows `T` and `E`.
pub(super) type Said = Box<dyn Any + Send>;

/// Work without its types: queues, retries and commits are the same for all of it, and are compiled once.
pub(super) type Work = dyn Fn(&mut Conn) -> Ended + Send + Sync;

/// How the work itself ended, before its transaction has.
pub(super) struct Ended {
    said: Result<Said, StorageError>,
    verdict: Verdict,
}

impl From<Ended> for Attempt {
    fn from(ended: Ended) -> Self {
        match (ended.verdict, ended.said) {
            (Verdict::Conflict, _) => Self::Conflict,
            (_, Err(trouble)) => Self::Failed(trouble),
            (Verdict::Keep, Ok(said)) => Self::Kept(said),
            (_, Ok(said)) => Self::Refused(said),
        }
    }
}

/// What the lane does with the transaction after the work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Keep,
    /// The work refused; nothing of it stays, the connection is sound.
    Undo,
    /// Another transaction got in the way, and this one is lost.
    Conflict,
    /// The transaction is lost.
    Broken,
    /// The transaction is lost, and perhaps the connection with it.
    Lost,
}

impl Verdict {
    fn on(refusal: &impl Refusal) -> Self {
        match refusal.storage() {
            Some(StorageError::Conflict) => Self::Conflict,
            Some(trouble) if trouble.is_lost_connection() => Self::Lost,
            Some(trouble) if trouble.breaks_transaction() => Self::Broken,
            _ => Self::Undo,
        }
    }
}

/// Takes the types off the work.
pub(super) fn untyped<T, E, F>(work: F) -> Arc<Work>
where
    F: Fn(&mut Conn) -> Result<T, E> + Send + Sync + 'static,
    T: Send + 'static,
    E: Refusal,
{
    Arc::new(move |c| {
        let result = work(c);
        let verdict = result.as_ref().err().map_or(Verdict::Keep, Verdict::on);
        Ended { said: Ok(Box::new(result)), verdict }
    })
}

/// Gives what the work said its types back.
pub(super) fn typed<T, E>(attempt: Attempt) -> Result<T, E>
where
    T: 'static,
    E: Refusal,
{
    let said = match attempt {
        Attempt::Kept(said) | Attempt::Refused(said) => said,
        Attempt::Failed(trouble) => return Err(trouble.into()),
        Attempt::Conflict => return Err(StorageError::Unavailable("conflicting writes").into()),
    };
    match said.downcast() {
        Ok(result) => *result,
        Err(_) => Err(StorageError::Unavailable("the work answered somebody else").into()),
    }
}

/// Work with its mode and the way back to its caller.
pub(super) struct Task {
    mode: Mode,
    deadline: Instant,
    work: Arc<Work>,
    ended: Option<Ended>,
    traces: Traces,
    reply: oneshot::Sender<Answered>,
}

/// How an attempt ended, and what it left.
pub(super) type Answered = (Attempt, Traces);

/// What the work of a task did beside its result.
#[derive(Default)]
pub(super) struct Traces {
    pub(super) statements: u32,
    /// The leaves that it appended; they stand only if the transaction does.
    pub(super) leaves: Vec<LeafHash>,
}

impl Task {
    pub(super) fn new(
        mode: Mode,
        work: Arc<Work>,
        reply: oneshot::Sender<Answered>,
        deadline: Instant,
    ) -> Self {
        Self { mode, deadline, work, ended: None, traces: Traces::default(), reply }
    }

    /// Nobody waits for it any more; it has not begun, so dropping it is safe.
    fn is_stale(&self) -> bool {
        self.reply.is_closed() || Instant::now() > self.deadline
    }

    fn run(&mut self, c: &mut Conn) -> Verdict {
        let before = statements_so_far();
        drop(taken_leaves());
        let ended = shielded(&*self.work, c);
        self.traces.statements += statements_so_far().wrapping_sub(before);
        self.traces.leaves = taken_leaves();
        let verdict = ended.verdict;
        self.ended = Some(ended);
        verdict
    }

    /// Answers the caller, once it is known whether the effect is durable.
    fn settle(self, durable: Result<(), StorageError>) {
        let attempt = match (self.ended, durable) {
            (Some(ended), durable) if durable.is_ok() || ended.verdict != Verdict::Keep => ended.into(),
            (_, Err(StorageError::Conflict)) => Attempt::Conflict,
            (_, Err(trouble)) => Attempt::Failed(trouble),
            (_, Ok(())) => Attempt::Failed(StorageError::Unavailable("the work did not run")),
        };
        // The caller may have given up; its effect is durable or absent all the same.
        drop(self.reply.send((attempt, self.traces)));
    }

    /// Drops a result that did not become durable.
    fn forget(&mut self) {
        self.ended = None;
    }
}

/// Runs the work; a panic becomes an error and says nothing of what it held.
fn shielded(work: &Work, c: &mut Conn) -> Ended {
    catch_unwind(AssertUnwindSafe(|| work(c))).unwrap_or_else(|payload: Box<dyn Any + Send>| {
        drop(payload);
        Ended { said: Err(StorageError::Panicked), verdict: Verdict::Broken }
    })
}

/// So much may wait for a lane; what waited too long is dropped when its turn comes.
const QUEUE: usize = 4_096;

/// A bounded queue in front of one or more connections.
pub(super) struct Lane {
    queue: Sender<Task>,
}

impl Lane {
    /// Threads that each own a connection and take whatever comes next.
    pub(super) fn owned_connections(
        opener: &Opener,
        threads: usize,
        name: &str,
    ) -> Result<Self, StorageError> {
        let (queue, tasks) = bounded(QUEUE);
        for n in 0..threads {
            let (opener, tasks) = (opener.clone(), tasks.clone());
            spawn(format!("{name}-{n}"), move || serve_tasks(&opener, &tasks))?;
        }
        Ok(Self { queue })
    }

    /// One thread that commits waiting writes together.
    pub(super) fn group_commit(opener: &Opener) -> Result<Self, StorageError> {
        let (queue, tasks) = bounded(QUEUE);
        let opener = opener.clone();
        spawn("sqlite-writer".to_owned(), move || serve_groups(&opener, &tasks))?;
        Ok(Self { queue })
    }

    pub(super) fn send(&self, task: Task) -> Result<(), StorageError> {
        self.queue.try_send(task).map_err(|refused| match refused {
            TrySendError::Full(_) => StorageError::Unavailable("too much work is waiting"),
            TrySendError::Disconnected(_) => StorageError::Unavailable("the lane ended"),
        })
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), StorageError> {
    thread::Builder::new()
        .name(name)
        .spawn(run)
        .map(drop)
        .map_err(|_| StorageError::Unavailable("no thread for the lane"))
}

/// A server that is down is not knocked at more often than this, by each thread.
const REOPEN_AFTER: Duration = Duration::from_millis(50);

/// Keeps one connection, and opens it again when it broke.
struct Keeper<'a> {
    opener: &'a Opener,
    open: Option<Conn>,
    last_failure: Option<Instant>,
}

impl<'a> Keeper<'a> {
    const fn new(opener: &'a Opener) -> Self {
        Self { opener, open: None, last_failure: None }
    }

    fn get(&mut self) -> Result<&mut Conn, StorageError> {
        if self.open.is_none() {
            if let Some(at) = self.last_failure {
                thread::sleep(REOPEN_AFTER.saturating_sub(at.elapsed()));
            }
            match self.opener.open() {
                Ok(c) => {
                    self.open = Some(c);
                    self.last_failure = None;
                }
                Err(error) => {
                    self.last_failure = Some(Instant::now());
                    return Err(error);
                }
            }
        }
        self.open.as_mut().ok_or(StorageError::Unavailable("no connection"))
    }

    fn discard(&mut self) {
        self.open = None;
    }
}

fn serve_tasks(opener: &Opener, tasks: &Receiver<Task>) {
    let mut keeper = Keeper::new(opener);
    while let Ok(task) = tasks.recv() {
        if !task.is_stale() {
            run_alone(&mut keeper, task);
        }
    }
}

/// Runs one task in a transaction of its own.
///
/// A server that was restarted leaves dead connections behind. What fails on one before its COMMIT
/// has had no effect, so it is tried once more on a fresh connection.
fn run_alone(keeper: &mut Keeper<'_>, mut task: Task) {
    let may_be_dead = keeper.open.is_some() && keeper.opener.backend() == Backend::Postgres;
    let mut outcome = attempt(keeper, &mut task);
    if may_be_dead && is_lost(&outcome) {
        keeper.discard();
        outcome = attempt(keeper, &mut task);
    }
    let durable = match outcome {
        Ok((verdict, ended)) => {
            let conflict = matches!(ended, Err(StorageError::Conflict));
            if (ended.is_err() && !conflict) || verdict == Verdict::Lost {
                keeper.discard();
            }
            if verdict == Verdict::Keep { ended } else { Ok(()) }
        }
        Err(trouble) => {
            keeper.discard();
            task.forget();
            Err(trouble)
        }
    };
    task.settle(durable);
}

/// Nothing became durable, and the connection was to blame.
fn is_lost(outcome: &Result<(Verdict, Result<(), StorageError>), StorageError>) -> bool {
    match outcome {
        Ok((verdict, _)) => *verdict == Verdict::Lost,
        Err(trouble) => trouble.is_lost_connection(),
    }
}

/// What the work said, and how its transaction ended; `Err` if it did not begin.
fn attempt(
    keeper: &mut Keeper<'_>,
    task: &mut Task,
) -> Result<(Verdict, Result<(), StorageError>), StorageError> {
    let c = keeper.get()?;
    c.begin(task.mode)?;
    let verdict = task.run(c);
    Ok((verdict, c.end(task.mode, verdict == Verdict::Keep)))
}

/// The most writes that share one commit.
const GROUP: usize = 256;

fn serve_groups(opener: &Opener, tasks: &Receiver<Task>) {
    let mut keeper = Keeper::new(opener);
    while let Ok(first) = tasks.recv() {
        let group: Vec<Task> = std::iter::once(first)
            .chain(tasks.try_iter().take(GROUP - 1))
            .filter(|task| !task.is_stale())
            .collect();
        if !group.is_empty() {
            commit_group(&mut keeper, group);
        }
    }
}

/// Runs each task in a savepoint and commits them together; if the group breaks, each runs alone.
fn commit_group(keeper: &mut Keeper<'_>, mut group: Vec<Task>) {
    let ended = match keeper.get() {
        Ok(c) => run_group(c, &mut group),
        Err(trouble) => {
            answer_all(group, &trouble);
            return;
        }
    };
    match ended {
        Ok(GroupEnd::Committed) => group.into_iter().for_each(|task| task.settle(Ok(()))),
        Ok(GroupEnd::Broken) => {
            keeper.discard();
            for task in group.into_iter().filter(|task| !task.is_stale()) {
                run_alone(keeper, task);
            }
        }
        Err(trouble) => {
            keeper.discard();
            answer_all(group, &trouble);
        }
    }
}

enum GroupEnd {
    Committed,
    Broken,
}

fn run_group(c: &mut Conn, group: &mut [Task]) -> Result<GroupEnd, StorageError> {
    c.begin(Mode::Serializable)?;
    for task in group {
        c.batch_execute("SAVEPOINT task")?;
        let closing = match task.run(c) {
            Verdict::Keep => "RELEASE task",
            Verdict::Undo => "ROLLBACK TO task; RELEASE task",
            // SQLite may have rolled back everything, and the connection is about to be dropped.
            Verdict::Conflict | Verdict::Broken | Verdict::Lost => return Ok(GroupEnd::Broken),
        };
        c.batch_execute(closing)?;
    }
    c.end(Mode::Serializable, true)?;
    Ok(GroupEnd::Committed)
}

fn answer_all(group: Vec<Task>, trouble: &StorageError) {
    let why = match trouble {
        StorageError::Unavailable(why) => why,
        _ => "the commit failed",
    };
    for mut task in group {
        task.forget();
        task.settle(Err(StorageError::Unavailable(why)));
    }
}

thread_local! {
    /// The read connections of this thread, by database.
    static INLINE: RefCell<HashMap<String, Conn>> = RefCell::new(HashMap::new());
}

/// Runs a read on the calling thread, over the thread's own connection.
pub(super) fn inline(opener: &Opener, work: &Work) -> Attempt {
    INLINE.with_borrow_mut(|open| {
        if !open.contains_key(opener.url()) {
            match opener.open() {
                Ok(c) => open.insert(opener.url().to_owned(), c),
                Err(trouble) => return Attempt::Failed(trouble),
            };
        }
        let Some(c) = open.get_mut(opener.url()) else {
            return Attempt::Failed(StorageError::Unavailable("no connection"));
        };
        let before = statements_so_far();
        let ended = shielded(work, c);
        count_statements(statements_so_far().wrapping_sub(before));
        if !matches!(ended.verdict, Verdict::Keep | Verdict::Undo) {
            open.remove(opener.url());
        }
        ended.into()
    })
}
