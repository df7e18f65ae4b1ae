# Keystone and Watcher read the command line themselves, so that gunicorn
# has to take its settings from a file.
wsgi_app = '${application}'
bind = '127.0.0.1:${port}'
workers = 1
threads = 8
timeout = 300
proc_name = '${name}'
control_socket_disable = True
# Nova lists the ports of a hundred servers in one request.
limit_request_line = 0
