//! Ending sessions that are not the caller's own: all others, or the one of a notice's link.

use super::{SessionError, SessionService};
use crate::{
    domain::{
        ids::{AccountId, SessionId},
        session::SessionEnd,
        time::Timestamp,
    },
    repositories::{account_devices, sessions},
    services::{
        idempotency::Recording,
        tokens::opaque::{self, TokenKind},
    },
};

/// Sessions that have ended.
#[derive(Clone, Copy)]
pub struct EndedSessions {
    pub count: usize,
    pub ended_at: Timestamp,
}

impl SessionService {
    /// Ends every session of the person but this one.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn end_others(
        &self,
        owner: AccountId,
        kept: SessionId,
        recording: Recording<EndedSessions>,
    ) -> Result<EndedSessions, SessionError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_for(owner, move |c| {
                let count = sessions::end_others(c, owner, Some(kept), SessionEnd::OthersRevoked, now)?;
                let ended = EndedSessions { count, ended_at: now };
                recording.record(c, &keys, &ended)?;
                Ok(ended)
            })
            .await
    }

    /// Ends every session on the device of a notice's link; the device is a stranger again.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotFound`] for a link that is none of ours, or that was used before.
    #[tracing::instrument(skip_all)]
    pub async fn revoke_by_link(
        &self,
        token: &str,
        recording: Recording<(SessionId, Timestamp)>,
    ) -> Result<(SessionId, Timestamp), SessionError> {
        let now = self.clock.now();
        let (owner, session) = opaque::read_link(self.vault.kms(), TokenKind::SessionRevocation, token)
            .ok_or(SessionError::NotFound)?;
        let session = SessionId::from_uuid(session);
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                let device = sessions::use_link(c, owner, session, now)?.ok_or(SessionError::NotFound)?;
                sessions::end_on_device(c, owner, device, SessionEnd::RevokedByLink, now)?;
                account_devices::unlink(c, owner, device)?;
                let ended = (session, now);
                recording.record(c, &keys, &ended)?;
                Ok(ended)
            })
            .await
    }
}
