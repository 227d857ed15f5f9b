"""Codes P0700-P09FF: transmission, clutch, gear selection, hydraulics. See `compose`."""

TABLE = """
0700 = Transmission control asks for the engine lamp; Transmission control: implausible performance; Transmission control: electrical fault
0703 F brake switch B
0704 F clutch switch
0705 FPLHI transmission range sensor A
070A FPLHI transmission fluid level sensor
070F = Transmission fluid level too low
0710 FPLHI transmission fluid temperature sensor A
0715 FPNI input or turbine shaft speed sensor A
0719 L brake switch B
071A FLH transmission mode switch {A-B}
0720 FPNI output shaft speed sensor
0724 H brake switch B
0725 FPNI engine speed input
0729 = Gear 6: incorrect ratio
072A = Stuck in neutral; Stuck in reverse; Stuck in gear 1; Stuck in gear 2; Stuck in gear 3; Stuck in gear 4
0730 = Incorrect gear ratio
0731 = Gear {1-5}: incorrect ratio
0736 = Reverse: incorrect ratio
0737 FLH engine speed output of the transmission control module
073A = Stuck in gear {5-7}
073D = Cannot engage neutral; Cannot engage reverse; Cannot engage gear 1
0740 OKTEI torque converter clutch
0745 FKTEI pressure control solenoid A
074A = Cannot engage gear {2-7}
0750 FKTEI shift solenoid A
0755 FKTEI shift solenoid B
075A FKTEI shift solenoid G
075F = Transmission fluid level too high
0760 FKTEI shift solenoid {C-D}
076A FKTEI shift solenoid H
076F = Gear 7: incorrect ratio
0770 FKTEI shift solenoid E
0775 FKTEI pressure control solenoid B
077A = Output shaft speed sensor: direction signal lost; Output shaft speed sensor: direction error
077C LH output shaft speed sensor
077E = Transmission fluid temperature sensors do not agree; Reverse 2: incorrect ratio
0780 = Shift error; Shift from 1 to 2: fault; Shift from 2 to 3: fault; Shift from 3 to 4: fault; Shift from 4 to 5: fault
0785 FPLHI shift timing solenoid A
078A FPLHI shift timing solenoid B
078F F transmission mode switch C
0790 F normal or performance mode switch
0791 FPNI intermediate shaft speed sensor A
0795 FKTEI pressure control solenoid C
079A = Transmission friction element {A-H}: slipping
07A2 KT transmission friction element {A-H}
07B2 OLHlhI transmission park position sensor {A-B}
07BE = Transmission park position sensors A and B do not agree
07BF LH input or turbine shaft speed sensor {A-C}
07C5 LH intermediate shaft speed sensor {A-C}
07CB = Transmission fluid thermostat: poor performance
07CC LH transmission mode switch C
07CE FLH transmission mode switch {D-F}
07D7 = Stuck in gear 8; Cannot engage gear 8; Gear 8: incorrect ratio; Shift from 6 to 7: fault; Shift from 7 to 8: fault
07DC = Incorrect shift from gear {1-8}
07E4 = Cannot engage park; Cannot engage drive; Stuck in park; Stuck in drive
07E8 OGLH transmission range control A
07EC FsPLH transmission range multi-function selector
07F1 F input or turbine shaft speed sensor C
07F2 FLH communication of the transmission range control module
07F5 = Transmission range control module: system voltage low; Gear 9: incorrect ratio; Gear 10: incorrect ratio; Stuck in gear 9; Cannot engage gear 9; Incorrect shift from gear 9; Stuck in gear 10; Cannot engage gear 10; Incorrect shift from gear 10; Stuck in a gear, which one is unknown; Cold start: transmission performs poorly
0800 = Transfer case control asks for the engine lamp
0801 O reverse inhibit control
0802 O lamp request of the transmission control
0803 F upshift or skip shift solenoid
0804 F upshift or skip shift lamp
0805 FPLHI clutch position sensor A
080A = Clutch position not learned
080B PLH upshift or skip shift solenoid
0810 = Clutch position control error; Clutch A slips too much; Reverse input: circuit fault; Reverse output: circuit fault; Transmission range display: circuit fault; Upshift switch: circuit fault; Downshift switch: circuit fault; Starter disable: circuit open or faulty; Driveline disconnect switch: circuit fault; Up and down shift switch do not agree with the transmission range
081A LH starter disable
081C F park input
081D F neutral input
081E = Clutch B slips too much; Brake and shift interlock signals do not agree
0820 F gear lever X-Y position sensor
0821 F gear lever X position sensor 1
0822 F gear lever Y position sensor 1
0823 I gear lever X position sensor 1
0824 I gear lever Y position sensor 1
0825 F gear lever push-pull switch
0826 FLH up and down shift switch
0829 = Shift from 5 to 6: fault
082A PLH gear lever X position sensor 1
082D PLH gear lever Y position sensor 1
0830 FLH clutch pedal switch {A-B}
0836 FPLH four wheel drive switch
083A FPLHI transmission fluid pressure sensor G
083F = Clutch pedal switches A and B do not agree
0840 FPLHI transmission fluid pressure sensor {A-B}
084A FPLHI transmission fluid pressure sensor H
084F F park or neutral switch output
0850 FLH park or neutral switch input
0853 FLH drive switch input
0856 FPLH traction control input signal
085A FLH communication of gear shift control module B
085D G gear shift control module {A-B}
085F P up and down shift switch
0860 FLH communication of gear shift control module A
0863 FPLH communication of the transmission control module
0867 = Transmission fluid pressure: fault; Transmission fluid pressure low; Transmission fluid pressure high
086A OPLHI neutral position sensor A
086F = Neutral position sensor A not learned
0870 FPLHI transmission fluid pressure sensor {C-D}
087A FPLHI clutch position sensor B
0880 FPLHI transmission control module power input signal
0885 OLH transmission control module power relay
0888 FP transmission control module power relay sensing
088A = Transmission fluid filter worn; Transmission fluid filter badly worn
088C LH reverse inhibit control
088E = Planetary gear set failed
0890 LHI transmission control module power relay sensing
0893 = Several gears engaged at once; Transmission component slips; Shift time too short; Shift time too long; Transmission fluid worn
0898 LH lamp request of the transmission control
089A FPLHI gear lever X position sensor 2
089F FPLHI gear lever Y position sensor 2
08A4 = Gear lever X position sensors 1 and 2 do not agree; Gear lever Y position sensors 1 and 2 do not agree; Gear lever position sensors do not agree
08A7 OPLHI clutch pedal position sensor A
08AC = Clutch pedal position sensor A not learned
08AD OPLHI neutral position sensor B
08B2 = Neutral position sensors A and B do not agree; Neutral position sensor B not learned
08B4 OPLHI clutch pedal position sensor B
08B9 = Clutch pedal position sensors A and B do not agree
08BA FKTEIOPLH pressure control solenoid {L-M}
08CC FKTEIPLHO shift solenoid {J-L}
08E7 FLH drive motor A clutch enable
08EA FLHP drive motor A clutch pawl position
0900 OPLH clutch A actuator
0904 FPLHI gate select position A
0909 = Gate select control error
090A OGLH clutch B actuator
0910 OPLH gate select actuator
0914 FPLHI gear shift position A
0919 = Gear shift position control error
091A FPLH gear shift position B
0920 OPLH gear shift forward actuator
0924 OPLH gear shift reverse actuator
0928 OP gear shift lock solenoid A
092A OPLH gear shift lock solenoid B
0930 LH gear shift lock solenoid A
0932 FPLHI hydraulic pressure sensor
0937 FPL hydraulic oil temperature sensor
093A OLHG hydraulic accumulator solenoid
0940 HI hydraulic oil temperature sensor
0942 = Hydraulic pressure unit: fault; Hydraulic pressure unit: cycles too often; Hydraulic pressure unit: pressure lost
0945 OPLH hydraulic pump relay
0949 = Automatic shift: learning not complete
094A = Hydraulic pump driver: poor performance; Hydraulic pump: stuck on; Hydraulic pump: poor performance or stuck off; Hydraulic pump: temperature too high; Hydraulic pump: supply voltage circuit open
0950 FPLHI automatic shift manual control
0955 FPLHI automatic shift manual mode
095A FPLH gear shift position C
0960 OPLH pressure control solenoid {A-B} control
0968 OP pressure control solenoid C control
0970 LH pressure control solenoid C control
0972 PLH shift solenoid {A-B} control
0978 PL shift solenoid C control
097A O shift solenoid {A-F} control
0980 H shift solenoid C control
0981 PLH shift solenoid {D-E} control
0987 FPLHI transmission fluid pressure sensor {E-F}
0997 PLH shift solenoid F control
099A PLH shift solenoid {G-H} control
09A0 O shift solenoid {G-H} control
09A2 FPLH gate select position {B-C}
"""
