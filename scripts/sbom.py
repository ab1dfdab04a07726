#!/usr/bin/env python3
"""sbom.py PROGRAM HEADER_PACKAGE…: what PROGRAM is made of, as CycloneDX JSON on stdout.

The Debian packages of the libraries that it is linked with (ldd, dpkg), and those named, whose headers were compiled in.
"""
import json
import os
import re
import subprocess
import sys


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def package_of(library):
    # On a system whose /lib is a link to /usr/lib, dpkg knows a file by one of both names.
    for path in {library, os.path.realpath(library), library.removeprefix("/usr"), "/usr" + library}:
        found = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(": ")[0].split(", ")[0]
    sys.exit(f"sbom: {library} belongs to no Debian package")


def component(package):
    line = output_of("dpkg-query", "-W", "-f=${Package}\t${Version}\t${Architecture}\n", package).splitlines()[0]
    name, version, architecture = line.split("\t")
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def main(program, headers):
    libraries = re.findall(r"(/\S+) \(0x", output_of("ldd", program))
    packages = {package_of(library) for library in libraries} | set(headers)
    version = output_of(program, "version").split()
    print(json.dumps({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "equeue", "version": version[1]}},
        "components": sorted((component(package) for package in packages), key=lambda one: one["bom-ref"]),
    }, indent=2))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("sbom.py PROGRAM HEADER_PACKAGE…")
    main(sys.argv[1], sys.argv[2:])
