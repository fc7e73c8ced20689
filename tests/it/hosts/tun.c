/* Makes a network device of the descriptor that stands at 0, which is an open /dev/net/tun: `tun NAME < /dev/net/tun`.
 *
 * Whoever opened the descriptor reads the packets that the device sends and writes those that it gets; the device is gone when the last
 * such descriptor is closed. This is a program because it takes an ioctl, and the tests have no `unsafe`. */
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int count, char **words)
{
    struct ifreq request;

    memset(&request, 0, sizeof request);
    if (count != 2 || strlen(words[1]) >= IFNAMSIZ) {
        fprintf(stderr, "tun NAME < /dev/net/tun\n");
        return 64;
    }
    strcpy(request.ifr_name, words[1]);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(0, TUNSETIFF, &request) < 0) {
        perror("TUNSETIFF");
        return 1;
    }
    return 0;
}
