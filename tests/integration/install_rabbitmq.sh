#!/bin/sh
# Makes sure that there is a RabbitMQ for the slow tests: finds it, or installs Debian's where that is allowed.
set -eu
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing RabbitMQ …"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rabbitmq-server >/dev/null
  exit 0
fi
echo "The slow tests need: rabbitmq-server. Install it and try again." >&2
exit 1
