//! nginx, which comes from 127.0.0.2.

use super::process::Process;
use std::net::SocketAddr;
use std::path::Path;

/// What it tells the next one.
const ADDING_X_FORWARDED_FOR: &str = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
const ADDING_FORWARDED: &str =
    "proxy_set_header Forwarded \"$http_forwarded, for=\\\"$remote_addr:$remote_port\\\";proto=$scheme\";";

pub fn x_forwarded_for(next: SocketAddr) -> Process {
    http(next, ADDING_X_FORWARDED_FOR)
}

pub fn forwarded(next: SocketAddr) -> Process {
    http(next, ADDING_FORWARDED)
}

fn http(next: SocketAddr, adding: &str) -> Process {
    start(move |address, folder| {
        format!(
            "events {{}}
             http {{
               access_log off;
               client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
               uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
               server {{
                 listen {address};
                 location / {{ proxy_bind 127.0.0.2; proxy_pass http://{next}; {adding} }}
               }}
             }}",
            folder.display()
        )
    })
}

/// Connections as they are, each behind a header of the PROXY protocol (nginx speaks version 1).
pub fn stream(next: SocketAddr) -> Process {
    start(move |address, _| {
        format!(
            "load_module /usr/lib/nginx/modules/ngx_stream_module.so;
             events {{}}
             stream {{ server {{
               listen {address}; proxy_bind 127.0.0.2; proxy_pass {next}; proxy_protocol on;
             }} }}"
        )
    })
}

fn start(rest: impl Fn(SocketAddr, &Path) -> String) -> Process {
    let configuration = |address: SocketAddr, folder: &Path| {
        format!(
            "daemon off; master_process off; pid {}/pid; error_log stderr error;\n{}",
            folder.display(),
            rest(address, folder)
        )
    };
    // `load_module` must come first.
    let ordered = move |address: SocketAddr, folder: &Path| {
        let text = configuration(address, folder);
        let (modules, others): (Vec<&str>, Vec<&str>) = text
            .lines()
            .partition(|line| line.trim_start().starts_with("load_module"));
        format!("{}\n{}", modules.join("\n"), others.join("\n"))
    };
    Process::start("nginx", ordered, |file| {
        let prefix = file.parent().unwrap().display().to_string();
        ["-p", &prefix, "-e", "stderr", "-c", &file.display().to_string()]
            .map(str::to_owned)
            .to_vec()
    })
}
