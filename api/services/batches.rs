//! Work of jobs that comes in batches.

/// Does the same for each, and says for how many it did something. One that fails does not keep the
/// others waiting; the first failure is told once all had their turn.
///
/// # Errors
///
/// The first failure.
pub async fn for_each<T, E, F: Future<Output = Result<bool, E>>>(
    due: Vec<T>,
    act: impl Fn(T) -> F,
) -> Result<usize, E> {
    let (mut done, mut failure) = (0, None);
    for item in due {
        match act(item).await {
            Ok(acted) => done += usize::from(acted),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(done), Err)
}
