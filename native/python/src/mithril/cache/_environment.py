"""What compiled code depends on, beside its source: found without importing torch.

Two machines with the same fingerprint may exchange compiled code. It covers the instruction set of
the CPU, the models of the GPUs, glibc, the compiler, Python and the installed frameworks, and
nothing that only says where things lie: no path, user, host or number of threads.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from mithril.cache import _compiler, _packages

FORMAT = "1"
CPUINFO = Path("/proc/cpuinfo")
GPUS = Path("/proc/driver/nvidia/gpus")

# Flags of /proc/cpuinfo that no compiler turns into instructions: they say how the kernel runs the
# CPU and what it does about its flaws, and differ between kernels on equal machines. A flag that is
# not listed counts, so a new instruction set can only cost a miss.
_WORDS = """
acpi amd_ibpb_ret amd_lbr_v2 amd_ppin aperfmperf arat arch_capabilities arch_perfmon art auto_ibrs
auxv avic bts bus_lock_detect cat_l2 cat_l3 cdp_l2 cdp_l3 cmp_legacy constant_tsc cpb cppc cpuid
cpuid_fault cqm cqm_llc cqm_mbm_local cqm_mbm_total cqm_occup_llc dca de debug_swap decodeassists
ds_cpl dtes64 dtherm dts epb ept ept_ad est extapic extd_apicid flexpriority flush_l1d flushbyasid
hfi ht hw_pstate hwp hwp_act_window hwp_epp hwp_notify hwp_pkg_req hypervisor ibpb ibpb_brtype ibrs
ibrs_enhanced ibs ida intel_ppin intel_pt invpcid invpcid_single irperf la57 lbrv mba mca mce
mce_recovery md_clear monitor mtrr nonstop_tsc nopl npt nrip_save nx osvw overflow_recov
pausefilter pbe pcid pdcm pdpe1gb pebs perfctr_core perfctr_llc perfctr_nb perfmon_v2 pfthreshold
pge pln pse pse36 pti pts rdt_a rep_good rsb_ctxsw sbpb sep skinit smap smca smep split_lock_detect
srbds ssbd stibp succor svm svm_lock tm tm2 topoext tpr_shadow tsc_adjust tsc_deadline_timer
tsc_known_freq tsc_reliable tsc_scale umip v_vmsave_vmload vgif vme vmmcall vmx vnmi vpid vpt wdt
x2apic x2avic xtopology xtpr
"""
NO_INSTRUCTIONS = frozenset(_WORDS.split())


@dataclass(frozen=True, slots=True)
class Environment:
    """Names and values that compiled code depends on."""

    factors: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """64 hex digits: equal where compiled code may be exchanged."""
        text = json.dumps(self.factors, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def find_environment(memo: Path | None) -> Environment:
    """The environment of this process. `memo`: a folder to remember digests of files in."""
    factors = {
        "format": FORMAT,
        "system": f"{sys.platform}-{platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "libc": _libc(),
        "cpu": _cpu(),
        "gpu": _gpus(),
        "compiler": _compiler.identity(memo),
    }
    for name in ("torch", "triton", "jaxlib"):
        if found := _packages.identity(name, memo):
            factors[name] = found
    for variable in ("ATEN_CPU_CAPABILITY", "TORCHINDUCTOR_CPP_MARCH"):
        if value := os.environ.get(variable):
            factors[variable] = value
    return Environment(factors)


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "unknown"
    except (AttributeError, OSError, ValueError):
        return platform.libc_ver()[1] or platform.mac_ver()[0] or "unknown"


def _cpu() -> str:
    """Model and instruction set: what ``-march=native`` looks at."""
    try:
        with CPUINFO.open("rb") as file:
            text = file.read(16 << 10).decode("latin-1")
    except OSError:
        return platform.processor() or platform.machine()
    wanted = {"vendor_id", "cpu family", "model", "CPU implementer", "CPU part", "CPU variant"}
    named: dict[str, str] = {}
    flags: set[str] = set()
    for line in text.split("\n\n", 1)[0].splitlines():
        name, _, value = line.partition(":")
        name = name.strip()
        if name in wanted:
            named[name] = value.strip()
        elif name in ("flags", "Features"):
            flags = set(value.split()) - NO_INSTRUCTIONS
    model = " ".join(named[name] for name in sorted(named))
    return f"{model} {hashlib.sha256(' '.join(sorted(flags)).encode()).hexdigest()[:16]}"


def _gpus() -> str:
    models = set()
    try:
        for place in GPUS.iterdir():
            for line in (place / "information").read_text().splitlines():
                if line.startswith("Model:"):
                    models.add(line.partition(":")[2].strip())
    except OSError:
        pass
    return ", ".join(sorted(models)) or "none"
