//! Staying in: each refresh token is exchanged once, and one that comes twice ends the session.

use zeroize::Zeroizing;

use super::{SessionError, SessionService, SignedIn};
use crate::{
    db::{Conn, StorageError},
    domain::{ids::AccountId, session::SessionEnd, time::Timestamp},
    repositories::{
        refresh_tokens::{self, RefreshToken},
        sessions,
    },
    services::{
        idempotency::Draft,
        tokens::opaque::{self, TokenKind},
    },
};

/// How a refresh ended, decided inside its transaction.
enum Refreshed {
    Renewed,
    Refused,
}

impl SessionService {
    /// Exchanges a refresh token for fresh tokens of the same session. Each works once; one that
    /// comes a second time ends the session, since somebody else holds a copy.
    ///
    /// # Errors
    ///
    /// [`SessionError::InvalidRefreshToken`], alike for all reasons.
    #[tracing::instrument(skip_all)]
    pub async fn refresh(
        &self,
        token: &Zeroizing<String>,
        repeatable: Option<Draft>,
    ) -> Result<SignedIn, SessionError> {
        let now = self.clock.now();
        let presented = opaque::read(self.vault.kms(), TokenKind::Refresh, token)
            .ok_or(SessionError::InvalidRefreshToken)?;
        let (id, mac) = (presented.account_id, presented.mac);
        let known = self
            .db
            .read(move |c| {
                let Some((session, _)) = refresh_tokens::find(c, id, &mac)? else { return Ok(None) };
                Ok::<_, StorageError>(
                    sessions::find_standing(c, id, session)?.map(|standing| (session, standing)),
                )
            })
            .await?;
        let (session_id, standing) = known.ok_or(SessionError::InvalidRefreshToken)?;
        let (next, refresh_token) = self.refresh_token(id, session_id, standing.expires_at, now)?;
        let refresh_expires_at = next.expires_at;
        let outcome =
            self.db.write_for(id, move |c| rotate(c, id, &mac, &next, repeatable.as_ref(), now)).await?;
        match outcome {
            Refreshed::Refused => Err(SessionError::InvalidRefreshToken),
            Refreshed::Renewed => {
                let aal = standing.assurance.as_number();
                let (access_token, access_expires_at) =
                    self.access.issue(id, session_id, aal, standing.session_epoch, now)?;
                Ok(SignedIn {
                    device_id: None,
                    account_id: id,
                    session_id,
                    access_token,
                    access_expires_at,
                    refresh_token,
                    refresh_expires_at,
                })
            }
        }
    }
}

/// A refusal that ends the session must be committed, so it is no `Err`.
fn rotate(
    c: &mut Conn,
    id: AccountId,
    mac: &[u8; 32],
    next: &RefreshToken,
    repeatable: Option<&Draft>,
    now: Timestamp,
) -> Result<Refreshed, SessionError> {
    // A repeat of an exchange that was carried out is not the reuse of its token.
    if let Some(draft) = repeatable {
        draft.refuse_if_done(c)?;
    }
    let Some((session, expires_at)) = refresh_tokens::find(c, id, mac)? else {
        return Ok(Refreshed::Refused);
    };
    if !refresh_tokens::spend(c, id, mac, now)? {
        sessions::end_owned(c, id, session, SessionEnd::RefreshReused, now)?;
        return Ok(Refreshed::Refused);
    }
    let live = sessions::find_standing(c, id, session)?.is_some_and(|standing| standing.is_live(now));
    if expires_at <= now || !live {
        return Ok(Refreshed::Refused);
    }
    refresh_tokens::insert(c, next)?;
    sessions::touch(c, id, session, now)?;
    if let Some(draft) = repeatable {
        draft.record_secret(c, id, 201)?;
    }
    Ok(Refreshed::Renewed)
}
