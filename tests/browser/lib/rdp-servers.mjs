/** Real RDP servers: FreeRDP's shadow server with a screen of its own, and xrdp, which makes one when somebody logs on. */

import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { Program, run, temporaryFolder } from "./programs.mjs";
import { answers, onFreePort, xvfb } from "./servers.mjs";
import { freePort } from "./sockets.mjs";
import { Display } from "./x11.mjs";

/**
 * `connection`: lines of TOML for a connection that reaches it. `program`: what is killed when the server is to die.
 *
 * @typedef {{
 *   readonly display: Display,
 *   readonly port: number,
 *   readonly connection: string,
 *   readonly program: Program,
 *   stop(): Promise<void>,
 * }} RdpServer
 */

/** The one whom servers with a list of users know. */
export const LOGIN = { user: "tester", password: "correct horse" };

/** What Windows stores of a password: MD4 of its UTF-16. */
async function ntHash(/** @type {string} */ password) {
  const input = Buffer.from(password, "utf16le");
  const printed = await run("openssl", ["dgst", "-md4", "-provider", "legacy", "-r"], { input });
  return printed.toString("latin1").split(" ")[0] ?? "";
}

/**
 * Starts a shadow server. With `login` it takes network level authentication alone, from that user alone; without, TLS
 * and anybody.
 *
 * @param {string} geometry such as `800x600`
 * @param {{ login?: { user: string, password: string } }} [options]
 * @returns {Promise<RdpServer>}
 */
export function shadow(geometry, { login } = {}) {
  return onFreePort(async (port) => {
    const folder = temporaryFolder();
    const { screen, display } = await xvfb(geometry);
    const args = [`/port:${port}`, "/bind-address:127.0.0.1"];
    if (login === undefined) {
      args.push("-auth", "/sec:tls");
    } else {
      const users = `${folder.path}/users`;
      writeFileSync(users, `${login.user}:::${await ntHash(login.password)}:::\n`);
      args.push("/sec:nla", `/sam-file:${users}`);
    }
    const program = new Program("freerdp-shadow-cli", args, { env: { ...display.env, HOME: folder.path, XDG_CONFIG_HOME: `${folder.path}/.config` } });
    const stop = async () => {
      await display.close();
      await program.stop();
      await screen.stop();
      folder.remove();
    };
    try {
      await program.until("listener", () => answers(port, { speaks: false }));
    } catch (error) {
      await stop();
      throw error;
    }
    return { display, port, connection: 'tls.verify = "off"\n', program, stop };
  });
}

/** Sessions that one xrdp may make: so many displays are its own, from the first on. */
const SESSIONS_MAX = 10;

/**
 * The first display of the server at a port that the system chose. The session manager passes over a display with whose number
 * and 5900, 6000 or 6200 more a port is in use: none of these is one that the system chooses for anybody.
 *
 * @param {number} port
 */
const firstDisplay = (port) => 100 + (Math.max(port - 32_768, 0) % 26_000);

/**
 * Runs in a mount namespace, where the server finds our settings in place of the machine's, and in a process namespace, with
 * which its users' sessions end.
 */
const XRDP = `
mount --bind "$0/xrdp" /etc/xrdp && mount --bind "$0/pam.d" /etc/pam.d && mount --bind "$0/passwd" /etc/passwd &&
mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/xrdp/sockdir && chmod 3777 /run/xrdp/sockdir && cd "$0" &&
{ xrdp-sesman --nodaemon & exec xrdp --nodaemon; }`;

/**
 * Makes a key and a certificate that signs itself, for 127.0.0.1.
 *
 * @param {string} folder
 * @param {number} days how long it is good for; -1: until yesterday
 */
async function certify(folder, days) {
  const [key, request, settings, certificate] = ["key.pem", "request.pem", "settings", "cert.pem"].map((name) => `${folder}/${name}`);
  writeFileSync(`${settings}`, "subjectAltName = IP:127.0.0.1\nbasicConstraints = CA:FALSE\n");
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=server"];
  await run("openssl", ["req", ...kind, "-keyout", `${key}`, "-out", `${request}`]);
  const good = ["-days", String(days), "-extfile", `${settings}`];
  await run("openssl", ["x509", "-req", "-in", `${request}`, "-signkey", `${key}`, ...good, "-out", `${certificate}`]);
}

/** A program in a file. @param {string} path @param {string} text */
function writeProgram(path, text) {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/**
 * Writes everything that xrdp reads of a machine's settings.
 *
 * @param {string} folder
 * @param {{ port: number, managerPort: number }} ports
 */
function writeSettings(folder, { port, managerPort }) {
  for (const name of ["home", "xrdp", "pam.d"]) {
    mkdirSync(`${folder}/${name}`);
  }
  // Key maps and the like.
  for (const entry of readdirSync("/etc/xrdp", { withFileTypes: true })) {
    if (entry.isFile()) {
      copyFileSync(`/etc/xrdp/${entry.name}`, `${folder}/xrdp/${entry.name}`);
    }
  }
  writeFileSync(`${folder}/xrdp/xrdp.ini`, `[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:${port}
security_layer=tls
certificate=${folder}/cert.pem
key_file=${folder}/key.pem
ssl_protocols=TLSv1.2, TLSv1.3
autorun=Xorg
allow_channels=true
bitmap_compression=true
bulk_compression=true
tcp_nodelay=true
max_bpp=32
new_cursors=true
use_fastpath=both
[Logging]
LogFile=${folder}/xrdp.log
LogLevel=INFO
EnableSyslog=false
[Channels]
cliprdr=true
drdynvc=true
rdpdr=true
rdpsnd=true
[Xorg]
name=Xorg
lib=libxup.so
username=ask
password=ask
ip=127.0.0.1
port=-1
code=20
`);
  writeFileSync(`${folder}/xrdp/sesman.ini`, `[Globals]
ListenAddress=127.0.0.1
ListenPort=${managerPort}
EnableUserWindowManager=true
UserWindowManager=startwm.sh
DefaultWindowManager=startwm.sh
ReconnectScript=reconnectwm.sh
[Security]
AllowRootLogin=true
MaxLoginRetry=4
[Sessions]
X11DisplayOffset=${firstDisplay(port)}
MaxSessions=${SESSIONS_MAX}
KillDisconnected=false
Policy=Default
[Logging]
LogFile=${folder}/sesman.log
LogLevel=INFO
EnableSyslog=false
[Xorg]
param=/usr/lib/xorg/Xorg
param=-config
param=xrdp/xorg.conf
param=-noreset
param=-nolisten
param=tcp
param=-logfile
param=.xorgxrdp.%s.log
param=-ac
[Chansrv]
FuseMountName=thinclient_drives
[SessionVariables]
`);
  writeProgram(`${folder}/home/startwm.sh`, "#!/bin/sh\nexec sleep 86400\n");
  // By number the first one counts, so the user comes last.
  writeFileSync(`${folder}/passwd`, `${readFileSync("/etc/passwd", "utf8")}${LOGIN.user}:x:0:0::${folder}/home:/bin/sh\n`);
  writeProgram(`${folder}/check`, `#!/bin/sh
word=$(tr -d '\\000')
[ "$PAM_USER" = '${LOGIN.user}' ] && [ "$word" = '${LOGIN.password}' ]
`);
  // The first module has no say when credentials are handed out, and somebody must.
  const rules = `auth required pam_exec.so expose_authtok quiet ${folder}/check
auth required pam_permit.so
account required pam_permit.so
session required pam_permit.so
`;
  for (const service of ["xrdp-sesman", "other"]) {
    writeFileSync(`${folder}/pam.d/${service}`, rules);
  }
}

/**
 * Starts xrdp, whose sessions show an empty screen. Its display is there once somebody has logged on.
 *
 * @param {{ days?: number }} [options] `days`: how long its certificate is good for; -1: until yesterday
 * @returns {Promise<RdpServer & { readonly certificate: string, ready(): Promise<void> }>}
 */
export function xrdp({ days = 2 } = {}) {
  return onFreePort(async (port) => {
    const folder = temporaryFolder();
    await certify(folder.path, days);
    writeSettings(folder.path, { port, managerPort: await freePort() });
    const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
    const spaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const program = new Program("unshare", [...asRoot, ...spaces, "sh", "-c", XRDP, folder.path]);
    const first = firstDisplay(port);
    const display = new Display(`:${first}`);
    const stop = async () => {
      await display.close();
      // `unshare` leaves SIGTERM to its child, which does not hear of it: the end of the first is the end of all.
      await program.stop("SIGKILL");
      // X servers that are killed with their namespace leave these behind.
      for (let number = first; number < first + SESSIONS_MAX; number++) {
        rmSync(`/tmp/.X${number}-lock`, { force: true });
        rmSync(`/tmp/.X11-unix/X${number}`, { force: true });
      }
      folder.remove();
    };
    try {
      await program.until("listener", () => answers(port, { speaks: false }));
    } catch (error) {
      await stop();
      throw error;
    }
    const certificate = `${folder.path}/cert.pem`;
    const login = `username = "${LOGIN.user}"\npassword = "${LOGIN.password}"\n`;
    const connection = `${login}tls = { verify = "ca", ca_file = "${certificate}" }\n`;
    const ready = async () => {
      await program.until("session", async () => (await display.size().catch(() => "")) !== "");
    };
    return { display, port, connection, program, certificate, ready, stop };
  });
}
