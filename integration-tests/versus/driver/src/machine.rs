//! The machine: which core is whose, and how much others take of them.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use crate::Failure;

/// The core of servers.
pub const SERVER_CORE: usize = 0;

/// The core of load, and of clients with the server that they are compared with.
pub const LOAD_CORE: usize = 1;

/// Ticks of `/proc/stat` in a second, the same on all that Linux runs on.
const TICKS: f64 = 100.0;

/// Binds this thread, and the processes that it starts from now on, to one core.
pub fn pin(core: usize) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// Lets this thread, and the processes that it starts from now on, have all cores again.
pub fn release() -> Result<(), Failure> {
    let mut set = CpuSet::new();
    for core in 0..CpuSet::count() {
        set.set(core)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// Lets this process, and those that it starts, have as many descriptors as the system allows.
pub fn raise_descriptor_limit() -> Result<(), Failure> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

/// Returns how many seconds of CPU time a process has taken, user and kernel, all of its threads.
pub fn cpu(process: u32) -> Result<f64, Failure> {
    let clock = clock_getcpuclockid(Pid::from_raw(process.cast_signed()))?;
    seconds(clock)
}

fn seconds(clock: ClockId) -> Result<f64, Failure> {
    let time = clock_gettime(clock)?;
    Ok(time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9)
}

/// What all processes, and those of the comparison, have taken up to a moment.
pub struct Watch {
    begun: Instant,
    all: f64,
    ours: f64,
}

impl Watch {
    /// Begins to watch. `known` is what processes have taken that still run; those that ended are known by themselves.
    pub fn begin(known: f64) -> Result<Self, Failure> {
        Ok(Self {
            begun: Instant::now(),
            all: busy()?,
            ours: known + own()?,
        })
    }

    /// Returns how many cores others have taken since then.
    pub fn others(&self, known: f64) -> Result<f64, Failure> {
        let others = (busy()? - self.all) - (known + own()? - self.ours);
        Ok((others / self.begun.elapsed().as_secs_f64()).max(0.0))
    }
}

/// Returns how many seconds of all cores together were not idle.
fn busy() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat
        .lines()
        .find_map(|line| line.strip_prefix("cpu "))
        .ok_or("/proc/stat has no line `cpu`")?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; what guests take is in the first two.
    let busy = ticks
        .iter()
        .take(8)
        .enumerate()
        .filter(|(at, _)| !matches!(at, 3 | 4))
        .map(|(_, ticks)| ticks);
    Ok(busy.sum::<f64>() / TICKS)
}

/// Returns how many seconds this process has taken, and those that it has waited for.
fn own() -> Result<f64, Failure> {
    let children = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let children =
        children.user_time().num_microseconds() + children.system_time().num_microseconds();
    Ok(seconds(ClockId::CLOCK_PROCESS_CPUTIME_ID)? + children as f64 / 1e6)
}

/// Waits until others leave the cores alone, for half a minute at most.
pub fn settle(others: f64) -> Result<(), Failure> {
    for attempt in 0..30 {
        let watch = Watch::begin(0.0)?;
        sleep(Duration::from_secs(1));
        let taken = watch.others(0.0)?;
        if taken <= others {
            return Ok(());
        }
        if attempt == 0 {
            eprintln!(
                "waiting for a quiet machine: others take {taken:.2} cores, and {others} are allowed"
            );
        }
    }
    eprintln!("the machine is not quiet: what is disturbed will be dropped");
    Ok(())
}

/// Says what machine this is.
pub fn describe() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel: String = kernel.split('.').take(2).collect::<Vec<_>>().join(".");
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    // How many this process may use says nothing once it is bound to one.
    let mut models = processors
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = models.next().map_or("of an unknown kind", |(_, name)| name);
    let cores = cores();
    format!("{cores} cores ({model}), Linux {kernel}, loopback")
}

/// Returns how many cores there are.
pub fn cores() -> usize {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processors = processors.lines();
    processors
        .filter(|line| line.starts_with("processor"))
        .count()
        .max(1)
}
