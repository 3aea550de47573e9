//! The person's own sessions, page by page.

use uuid::Uuid;

use super::{SessionError, SessionService};
use crate::{
    domain::{
        data_dictionary::{SESSION_PLACE, SESSION_USER_AGENT},
        ids::{AccountId, SessionId},
        personal::PersonalText,
        session::Session,
        time::Timestamp,
    },
    repositories::sessions,
    services::{
        cursors::{self, InvalidCursor},
        vault::{Row, VaultError},
    },
};

const LIST: &str = "sessions";

/// A page of sessions and the way to the next.
pub struct SessionPage {
    pub sessions: Vec<OpenSession>,
    pub next_cursor: Option<String>,
}

/// A session as its person lists it.
pub struct OpenSession {
    pub session: Session,
    pub user_agent: Option<PersonalText>,
    pub place: Option<PersonalText>,
}

impl SessionService {
    /// The person's live sessions, newest first.
    ///
    /// # Errors
    ///
    /// [`SessionError::Cursor`] for a cursor of another list or person.
    pub async fn list(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<SessionPage, SessionError> {
        let kms = self.vault.kms();
        let before = cursor
            .map(|cursor| {
                cursors::unwrap(kms, LIST, owner, cursor).and_then(|position| read_position(&position))
            })
            .transpose()?;
        let (now, wanted) = (self.clock.now(), i64::from(limit));
        let mut rows = self.db.read(move |c| sessions::list_owned(c, owner, now, before, wanted + 1)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last().filter(|_| more) {
            Some(last) => {
                let position = [&last.created_at.as_micros().to_be_bytes()[..], last.id.as_bytes()].concat();
                Some(cursors::wrap(kms, LIST, owner, &position)?)
            }
            None => None,
        };
        let keys = self.vault.keys_of(owner).await?;
        let open = |session: Session| {
            let row = Row(session.id.as_bytes());
            let user_agent = keys.open_option(&SESSION_USER_AGENT, row, session.user_agent.as_ref())?;
            let place = keys.open_option(&SESSION_PLACE, row, session.place.as_ref())?;
            Ok(OpenSession { session, user_agent, place })
        };
        let sessions = rows.into_iter().map(open).collect::<Result<_, VaultError>>()?;
        Ok(SessionPage { sessions, next_cursor })
    }
}

fn read_position(position: &[u8]) -> Result<(Timestamp, SessionId), InvalidCursor> {
    let (at, id) = position.split_first_chunk::<8>().ok_or(InvalidCursor)?;
    let at = Timestamp::from_micros(i64::from_be_bytes(*at)).ok_or(InvalidCursor)?;
    Ok((at, SessionId::from_uuid(Uuid::from_slice(id).map_err(|_| InvalidCursor)?)))
}
