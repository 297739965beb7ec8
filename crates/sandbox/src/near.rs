//! A port whose conversations stay on the processors of their clients: it has a listener for each, of
//! which the system chooses the one of the processor that a connection comes from.
//!
//! Waking a thread on another processor costs more than a reply, more so in a virtual machine, and
//! would count in whatever a client measures here. Linux before 6.2 chooses among the listeners by
//! chance.

use std::io::{Error, Result};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use socket2::{Domain, Socket, Type};

/// The most listeners of one port.
const MOST: usize = 16;
/// How many connections wait at most.
const BACKLOG: i32 = 128;

pub struct Port {
    pub number: u16,
    listeners: Vec<(CpuSet, TcpListener)>,
}

impl Port {
    /// A free port of the loopback interface.
    pub fn free() -> Result<Self> {
        let all = sched_getaffinity(None)?;
        let numbers = (0..CpuSet::MAX_CPU).filter(|&number| all.is_set(number));
        let (mut port, mut listeners) = (0, Vec::new());
        for processor in numbers.take(MOST) {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_reuse_port(true)?;
            // the first finds a port that nobody has, the others join it
            socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
            socket.set_cpu_affinity(processor)?;
            socket.listen(BACKLOG)?;
            let listener = TcpListener::from(socket);
            port = listener.local_addr()?.port();
            let mut own = CpuSet::new();
            own.set(processor);
            listeners.push((own, listener));
        }
        match port {
            0 => Err(Error::other("no processor may be used")),
            number => Ok(Self { number, listeners }),
        }
    }

    /// Serves each listener in a thread of its processor, which the threads that it makes inherit.
    pub fn serve(self, serve: impl Fn(TcpListener) + Clone + Send + 'static) {
        for (own, listener) in self.listeners {
            let serve = serve.clone();
            thread::spawn(move || {
                // where that is not allowed, it is only slower
                let _ = sched_setaffinity(None, &own);
                serve(listener);
            });
        }
    }
}
