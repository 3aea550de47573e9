//! Which leaves of the log the transactions of a request appended, for the promise in its answer.

use std::cell::RefCell;

/// The hash of a leaf in the tree.
pub type LeafHash = [u8; 32];

thread_local! {
    /// Appended by the work that runs on this thread now.
    static APPENDED: RefCell<Vec<LeafHash>> = const { RefCell::new(Vec::new()) };
}

tokio::task_local! {
    /// Appended by the committed transactions of this task's request.
    static COMMITTED: RefCell<Vec<LeafHash>>;
}

/// Remembers that the work under way appended a leaf.
pub fn note_leaf(hash: LeafHash) {
    APPENDED.with_borrow_mut(|leaves| leaves.push(hash));
}

/// What was remembered since the last call.
pub(super) fn taken_leaves() -> Vec<LeafHash> {
    APPENDED.take()
}

/// Gives a request the leaves of its committed transaction; jobs have no use for them.
pub(super) fn collect(leaves: Vec<LeafHash>) {
    if !leaves.is_empty() {
        let _ = COMMITTED.try_with(|committed| committed.borrow_mut().extend(leaves));
    }
}

/// Runs a request and says which leaves its transactions left.
pub async fn collecting_leaves<F: Future>(request: F) -> (F::Output, Vec<LeafHash>) {
    let collected = async {
        let output = request.await;
        (output, COMMITTED.with(RefCell::take))
    };
    COMMITTED.scope(RefCell::default(), collected).await
}
