#include <stdio.h>
#include <time.h>
#include <string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "guard.h"
#include "handshake.h"
#include "links.h"
#include "secret.h"
static double now(void){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec+t.tv_nsec/1e9;}
int main(void){
 secret_init(0);
 struct handshake_info own={.timestamp=1,.key_id=4},info;
 for(int k=0;k<KINDS;k++){
  struct identity*i=link_end(&kinds[k],0),*r=link_end(&kinds[k],1);
  struct handshake_config ci={.id=i,.cipher=3},cr={.id=r,.cipher=3};
  struct handshake*h=handshake_new(&ci);struct handshake_message m;struct handshake_header hd;
  handshake_initiate(h,&own,NULL,&m);
  int n=20000;double t=now();
  m.data[20]^=1;
  for(int j=0;j<n;j++)handshake_screen(&cr,m.data,m.len,&hd);
  double a=(now()-t)/n*1e6;
  m.data[20]^=1;n=1000;t=now();
  for(int j=0;j<n;j++){struct handshake*x=handshake_new(&cr);if(handshake_read_init(x,m.data,m.len,&info))return 1;handshake_free(x);}
  printf("%-16s refused by MAC %.1f us, read %.0f us, INIT %zu octets\n",kinds[k].name,a,(now()-t)/n*1e6,m.len);
 }
}
