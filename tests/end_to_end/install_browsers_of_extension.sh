#!/bin/sh
# Makes sure that there are the two browsers, a screen and a mouse for the extension's tests:
# finds them, or installs Debian's where that is allowed.
set -eu
for name in chromium firefox-esr Xvfb xdotool import; do
  command -v "$name" >/dev/null 2>&1 || missing=yes
done
[ -n "${missing:-}" ] || exit 0
PACKAGES="chromium firefox-esr xvfb xdotool imagemagick fonts-dejavu-core"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing the browsers …"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $PACKAGES >/dev/null
  exit 0
fi
echo "The extension's tests need: $PACKAGES. Install them and try again." >&2
exit 1
