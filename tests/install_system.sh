#!/bin/sh
# What pip cannot bring: a Chromium, a Firefox, a real RTSP server (GStreamer's), nginx and Caddy.
# Playwright's own Chromium where it can be downloaded, else Debian's package when root. Tests
# that miss one of them are skipped and say so.
set -u
PYTHON=${PYTHON:-python3}

as_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install_packages() {
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 && return
  apt-get update -qq >/dev/null 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# Debian starts servers when they are installed, unless this file says no (policy-rc.d(8)).
install_unstarted() {
  policy=/usr/sbin/policy-rc.d
  [ -e $policy ] && { install_packages "$@"; return; }
  printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy
  install_packages "$@"
  status=$?
  rm $policy
  return $status
}

have_chromium() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null || "$PYTHON" tests/browser/find_chromium.py >/dev/null 2>&1
}

if ! have_chromium; then
  echo "== installing a Chromium"
  timeout 300 "$PYTHON" -m playwright install chromium >/dev/null 2>&1 ||
    { as_root && install_packages chromium fonts-dejavu-core; } ||
    echo "No Chromium could be installed: browser tests will be skipped."
fi

if ! command -v firefox-esr >/dev/null; then
  echo "== installing Firefox"
  { as_root && install_packages firefox-esr; } ||
    echo "Firefox could not be installed: tests in it will be skipped."
fi

if ! /usr/bin/python3 -c 'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer' 2>/dev/null ||
  ! gst-inspect-1.0 x264enc >/dev/null 2>&1; then
  echo "== installing GStreamer's RTSP server"
  { as_root && install_packages python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-tools \
    gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
    gstreamer1.0-plugins-ugly; } ||
    echo "GStreamer's RTSP server could not be installed: RTSP tests will be skipped."
fi

for proxy in nginx caddy; do
  command -v "$proxy" >/dev/null && continue
  echo "== installing $proxy"
  package=$proxy
  [ "$proxy" = nginx ] && package="nginx-light openssl"
  # shellcheck disable=SC2086 # two packages
  { as_root && install_unstarted $package; } ||
    echo "$proxy could not be installed: tests behind it will be skipped."
done
exit 0
