//! How to get into a server: user, password, database and TLS. The same for all servers that one URL names.

use redis::TlsCertificates;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo, RedisError,
};

#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) settings: RedisConnectionInfo,
    pub(crate) secure: bool,
    /// A certificate authority of one's own, as PEM.
    pub(crate) ca: Option<Vec<u8>>,
}

impl Access {
    /// The way to one server. Nothing is connected yet.
    pub(crate) fn client(&self, host: &str, port: u16) -> Result<Client, RedisError> {
        let host = host.to_owned();
        let address = if self.secure {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let info = address.into_connection_info()?;
        self.open(info.set_redis_settings(self.settings.clone()))
    }

    fn open(&self, info: ConnectionInfo) -> Result<Client, RedisError> {
        let Some(pem) = &self.ca else {
            return Client::open(info);
        };
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: Some(pem.clone()),
        };
        Client::build_with_tls(info, certificates)
    }
}
