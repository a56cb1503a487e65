//! What `doctor` finds about webhooks and mail.

use super::doctor::finding;
use crate::app::outbound;
use crate::config::Config;
use cloakroom::Finding;
use cloakroom_outbox::PostError;

/// Looks at each receiver: whether its name resolves, it may be called, its certificate is good, and it answers.
pub(super) async fn findings(config: &Config) -> Vec<Finding> {
    if config.webhooks.is_empty() && config.mail.is_none() {
        return Vec::new();
    }
    let trust = match outbound::trust(config) {
        Ok(trust) => trust,
        Err(error) => {
            return vec![finding(
                true,
                format!("{error:#}"),
                "Name a file of certificates in PEM, or none.",
            )];
        }
    };
    let mut findings = Vec::new();
    for webhook in &config.webhooks {
        let probed = outbound::webhook(config, webhook, trust.clone()).probe().await;
        if let Err(error) = probed {
            findings.push(unreachable(&webhook.name, &error));
        }
    }
    findings.extend(mail(config, &trust).await);
    findings
}

fn unreachable(name: &str, error: &PostError) -> Finding {
    let (grave, mend) = match error {
        PostError::Refused(_) => (
            true,
            "Correct the url; if a receiver inside is meant, name its network in outbound.allow_networks.",
        ),
        PostError::Plain(_) => (
            true,
            "Use https://, or name the receiver's network in outbound.allow_networks.",
        ),
        PostError::Name(_) => (false, "Correct the host in the url, or this machine's DNS."),
        PostError::Tls(_) => (
            false,
            "Renew the receiver's certificate; if its authority is your own, name it in outbound.ca_file.",
        ),
        _ => (
            false,
            "Look whether the receiver runs, and whether a firewall lets this machine out to it.",
        ),
    };
    finding(
        grave,
        format!("the webhook {name} can not be delivered: {error}"),
        mend,
    )
}

async fn mail(config: &Config, trust: &cloakroom_outbox::Trust) -> Option<Finding> {
    let checked = match outbound::mailer(config, trust) {
        Ok(None) => return None,
        Ok(Some(mailer)) => mailer.check().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let error = checked.err()?;
    Some(finding(
        false,
        format!("no mail can be sent: {error:#}"),
        "Look at mail.smtp: whether the server runs, takes STARTTLS or TLS on this port, and has a certificate that is believed.",
    ))
}
