//! Application data: typed reads, and changes that are collected until the answer leaves.

use super::Session;
use cloakroom_core::{Changes, Field, SessionError};
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Session {
    /// The value of a field, with the changes that this request has made.
    ///
    /// ```
    /// # use cloakroom_http::{Field, Refused, Session};
    /// const THEME: Field<String> = Field::new("theme");
    ///
    /// async fn theme(session: Session) -> Result<String, Refused> {
    ///     Ok(session.get(THEME)?.unwrap_or_else(|| "light".to_owned()))
    /// }
    /// ```
    pub fn get<T: DeserializeOwned>(&self, field: Field<T>) -> Result<Option<T>, SessionError> {
        Ok(self.0.state.lock().view()?.get(field)?)
    }

    /// Puts a value into a field. Opens a session if there is none, when the answer leaves.
    ///
    /// ```
    /// # use cloakroom_http::{Field, Refused, Session};
    /// # const THEME: Field<String> = Field::new("theme");
    /// async fn go_dark(session: Session) -> Result<(), Refused> {
    ///     Ok(session.set(THEME, &"dark".to_owned())?)
    /// }
    /// ```
    pub fn set<T: Serialize>(&self, field: Field<T>, value: &T) -> Result<(), SessionError> {
        self.change(|changes| Ok(changes.set(field, value)?))
    }

    /// Empties a field.
    ///
    /// ```
    /// # use cloakroom_http::{Field, Refused, Session};
    /// # const THEME: Field<String> = Field::new("theme");
    /// async fn forget(session: Session) -> Result<(), Refused> {
    ///     Ok(session.remove(THEME)?)
    /// }
    /// ```
    pub fn remove<T>(&self, field: Field<T>) -> Result<(), SessionError> {
        self.change(|changes| {
            changes.remove(field);
            Ok(())
        })
    }

    /// Changes a field from what it holds. If another request writes meanwhile, `change` runs again on what that one
    /// wrote, so both count; it should do nothing but change the value.
    ///
    /// ```
    /// # use cloakroom_http::{Field, Refused, Session};
    /// const CART: Field<Vec<u32>> = Field::new("cart").survives_log_in();
    ///
    /// async fn buy(session: Session) -> Result<(), Refused> {
    ///     Ok(session.update(CART, |cart| cart.push(17))?)
    /// }
    /// ```
    pub fn update<T>(
        &self,
        field: Field<T>,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) -> Result<(), SessionError>
    where
        T: Serialize + DeserializeOwned + Default + 'static,
    {
        self.change(|changes| {
            changes.update(field, change);
            Ok(())
        })
    }

    /// Writes collected changes now rather than when the answer leaves, to know that they are kept.
    ///
    /// ```
    /// # use cloakroom_http::{Field, Refused, Session};
    /// const ORDER: Field<u64> = Field::new("order");
    ///
    /// async fn order(session: Session) -> Result<(), Refused> {
    ///     session.set(ORDER, &4711)?;
    ///     session.save().await?; // from here on a failure of this handler does not undo it
    ///     Ok(())
    /// }
    /// ```
    pub async fn save(&self) -> Result<(), SessionError> {
        let _acting = self.0.acting.lock().await;
        self.write().await
    }

    /// Writes what was collected, and what is collected while it is written.
    pub(super) async fn write(&self) -> Result<(), SessionError> {
        loop {
            let (active, changes) = {
                let mut state = self.0.state.lock();
                let Some(changes) = state.next_changes() else {
                    return Ok(());
                };
                (state.active().cloned(), changes)
            };
            let sessions = &self.0.config.sessions;
            // In boxes, so that the many requests that write nothing do not carry the room for it.
            let written = match &active {
                Some(active) => Box::pin(sessions.commit(active, &changes, self.client())).await?,
                None => Box::pin(sessions.open_anonymous(self.client(), &changes)).await?,
            };
            let mut state = self.0.state.lock();
            state.under_way = Changes::none();
            state.adopt(Some(written));
        }
    }

    fn change(&self, add: impl FnOnce(&mut Changes) -> Result<(), SessionError>) -> Result<(), SessionError> {
        let mut state = self.0.state.lock();
        if state.answered {
            tracing::error!("session data was changed after the answer had left; the change is not kept");
            return Err(SessionError::Gone);
        }
        if state.wants_step_up() {
            return Err(SessionError::Anonymous);
        }
        state.change(add)
    }
}
