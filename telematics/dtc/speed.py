"""Codes P0500-P06FF: speed, idle, inputs, control modules and their outputs. See `compose`."""

TABLE = """
0500 FPLI vehicle speed sensor A
0504 = Brake switches A and B do not agree; Idle control: fault; Idle control: engine speed lower than expected; Idle control: engine speed higher than expected
0508 LH idle air control
050A = Cold start: idle control performs poorly; Cold start: ignition timing performs poorly; Cold start: engine coolant temperature implausible; Cold start: rough idle; Cold start: exhaust temperature too low; Brake assist: vacuum too low
0510 = Closed throttle position switch: circuit fault; Idle air control: circuit fault; Starter request: circuit fault; Immobilizer key incorrect
0514 PFLH battery temperature sensor
0518 I idle air control
0519 G idle air control
051A FPLHI crankcase pressure sensor A
051F = Crankcase ventilation filter restricted
0520 FPLH engine oil pressure sensor A
0524 = Engine oil pressure too low; Cruise control: servo control implausible
0526 FPNI cooling fan speed sensor
052A = Cold start: camshaft A timing too far advanced, bank 1; Cold start: camshaft A timing too far retarded, bank 1; Cold start: camshaft A timing too far advanced, bank 2; Cold start: camshaft A timing too far retarded, bank 2; Crankcase ventilation regulator valve: poor performance; Glow plug control module 1: system voltage fault
0530 FPLH air conditioning refrigerant pressure sensor A
0534 = Air conditioning: refrigerant charge lost
0535 FPLHI air conditioning evaporator temperature sensor
053A OLHG crankcase ventilation heater A
053E = Crankcase pressure too high; Cold start: fuel pressure performs poorly, bank 1
0540 FLHo intake air heater A
0544 FLH exhaust gas temperature sensor, bank {1-2} sensor 1
054A = Cold start: camshaft B timing too far advanced, bank 1; Cold start: camshaft B timing too far retarded, bank 1; Cold start: camshaft B timing too far advanced, bank 2; Cold start: camshaft B timing too far retarded, bank 2; Idle control: fuel quantity lower than expected; Idle control: fuel quantity higher than expected
0550 FPLHI power steering pressure sensor
0555 FPLHI brake booster pressure sensor
055A FPLH engine oil pressure sensor B
055E = Oxygen sensor control module: system voltage fault; Engine oil pressure out of range
0560 = System voltage: fault; System voltage unstable; System voltage low; System voltage high
0564 F cruise control multi-function input A
0565 = Cruise control: "on" signal fault; Cruise control: "off" signal fault; Cruise control: "resume" signal fault; Cruise control: "set" signal fault; Cruise control: "coast" signal fault
056A = Cruise control: "increase distance" signal fault; Cruise control: "decrease distance" signal fault; Cruise control: "cancel" signal fault; Reductant control module: system voltage fault; Cold start: turbocharger boost control A performs poorly; Cold start: turbocharger boost control B performs poorly
0570 = Cruise control: "accelerate" signal fault
0571 FLH brake switch A
0574 = Cruise control: vehicle speed too high
0575 FLH cruise control input
0578 = Cruise control multi-function input A: circuit stuck
0579 PLH cruise control multi-function input A
057A OPLHI brake pedal position sensor A
057F = Battery A: state of charge implausible
0582 OLH cruise control vacuum control
0585 = Cruise control multi-function inputs A and B do not agree
0586 OLH cruise control vent control
0589 F cruise control multi-function input B
058A = Battery monitor module: poor performance; Battery monitor module: current monitoring performs poorly; Battery monitor module: temperature monitoring performs poorly; Battery monitor module: voltage monitoring performs poorly; Battery monitor module: temperature too high; Battery monitor module: temperature too low
0590 = Cruise control multi-function input B: circuit stuck
0591 PLH cruise control multi-function input B
0594 OLH cruise control servo control
0597 OLH thermostat heater
059A FPHLIKT active grille air shutter A position
05A1 = Active grille air shutter A position: stop performs poorly
05A2 OPHL active grille air shutter A control
05A6 OLH active grille air shutter A supply voltage
05A9 FPHLIKT active grille air shutter B position
05B0 = Active grille air shutter B position: stop performs poorly
05B1 OPHL active grille air shutter B control
05B5 OLH active grille air shutter B supply voltage
05B8 OLH restraint deployment signal
05BB = Restraints have deployed
05BC OPLH stop-start mode switch
05C0 = Active grille air shutter module {A-B}: temperature too high
05C2 FPLHI engine coolant pressure sensor
05C7 OPLH economy mode switch
05CB = Vehicle hardware incompatible
05CC = Cold start: camshaft A timing performs poorly, bank 1; Cold start: camshaft A timing performs poorly, bank 2; Cold start: camshaft B timing performs poorly, bank 1; Cold start: camshaft B timing performs poorly, bank 2
05D0 FLHP driver mode select switch {A-B}
05D8 OLH crankcase ventilation regulator valve
05DB OPLHI brake pedal position sensor B
05E0 = Brake pedal position sensors A and B do not agree
05E1 I air conditioning refrigerant pressure sensor {A-B}
05E3 FLHPI park brake sensor
05E8 OLH engine oil bypass valve
05EB = Cold start: catalyst inlet too cold for reductant; Cold start: injection timing performs poorly; Reductant heater control module: supply voltage fault
05EE OLHTt reductant pump supply voltage
05F3 OLHTt exhaust aftertreatment power relay
05F8 G reductant heater control module
05F9 FLH stop-start status signal
05FC = Cold start: fuel pressure performs poorly, bank 2; Turbocharger boost control A: temperature too high; Active grille air shutter C: performance or stuck off; Brake pressure sensor and brake pedal position do not agree
0600 = Serial communication link: fault; Control module: memory checksum error; Control module: programming error; Control module: keep-alive memory error; Control module: random access memory error; Control module: read only memory error; Control module: processor fault; Control module: poor performance; Control module: vehicle speed output A fault; Control module: vehicle speed output B fault
060A = Control module: monitoring processor performs poorly; Control module: analogue-digital processing performs poorly; Control module: main processor performs poorly; Control module: accelerator pedal position implausible; Control module: throttle position implausible; Control module: coolant temperature implausible
0610 = Control module: vehicle options wrong; Fuel injector control module: poor performance; Fuel injector control module: relay control fault; Transmission control module: processor fault; Engine and transmission control module incompatible
0615 FLH starter relay A
0618 = Alternative fuel control module: keep-alive memory error; Alternative fuel control module: memory error
061A = Control module: torque implausible; Control module: torque calculation performs poorly; Control module: engine speed implausible; Control module: engine air mass implausible; Control module: brake signal implausible; Control module: throttle actuator controller performs poorly
0620 F generator control
0621 F generator lamp terminal L
0622 F generator field terminal F
0623 F generator lamp
0624 F fuel cap lamp
0625 LH generator field terminal F
0627 OLH fuel pump A
062A P fuel pump A
062B = Control module: fuel injector control performs poorly; Control module: vehicle speed implausible; Fuel injector driver: circuit performs poorly, bank 1; Fuel injector driver: circuit performs poorly, bank 2; Control module: permanent memory error
0630 = Vehicle identification number not programmed or incompatible, engine control module; Vehicle identification number not programmed or incompatible, transmission control module; Odometer not programmed in the engine control module; Immobilizer key not programmed in the engine control module; Control module: internal temperature A too high
0635 FLH power steering control
0638 P throttle actuator control, bank {1-2}
063A FPLH generator voltage sensing A
063E = Auto configuration: throttle input missing, bank 1; Auto configuration: engine coolant temperature input missing
0640 F intake air heater
0641 OLH sensor reference voltage A
0644 F driver display serial communication
0645 FLH air conditioning clutch relay
0648 F immobilizer lamp
0649 F cruise control lamp
064A = Fuel pump control module A: fault; Power take-off control module: fault; Glow plug control module 1: fault; Control module: oxygen sensor processor performs poorly, bank 1; Control module: oxygen sensor processor performs poorly, bank 2; Unauthorised software or calibration detected
0650 O malfunction indicator lamp
0651 OLH sensor reference voltage B
0654 F engine speed output
0655 F engine hot lamp output
0656 F fuel level output
0657 OLH actuator supply voltage A
065A = Generator system: poor performance; Generator A control: implausible; Generator A: mechanical performance poor; Reductant system lamp: circuit fault
065E G intake manifold tuning valve, bank {1-2}
0660 OLH intake manifold tuning valve, bank {1-2}
0666 FPLH control module internal temperature sensor A
066A LH cylinder {1-3} glow plug
0670 O glow plug control module 1
0671 O cylinder {1-9} glow plug
067A LH cylinder {4-6} glow plug
0680 O cylinder {10-12} glow plug
0683 FP communication of glow plug control module 1 with the engine control module
0685 OLH engine control module power relay
0688 OL engine control module power relay sensing
068A = Engine control module power relay: switched off too early; Engine control module power relay: switched off too late
068C LH cylinder {7-8} glow plug
0690 H engine control module power relay sensing
0691 LH cooling fan {1-3} control
0697 OLH sensor reference voltage C
069A LH cylinder {9-10} glow plug
069E = Fuel pump control module asks for the engine lamp; Throttle actuator lamp: circuit fault
06A0 FLH variable air conditioning compressor
06A3 OLH sensor reference voltage D
06A6 P sensor reference voltage {A-D}
06AA = Control module: internal temperature B too high
06AB FPLH control module internal temperature sensor B
06AF = Torque management forced the engine to shut down
06B0 OLH sensor power supply {A-B}
06B6 = Control module: knock sensor processor 1 performs poorly; Control module: knock sensor processor 2 performs poorly; Control module: non-volatile memory error
06B9 P cylinder {1-12} glow plug
06C5 = Cylinder {1-12} glow plug incorrect
06D1 = Control module: ignition coil control performs poorly
06D2 OLHP sensor reference voltage {E-F}
06DA OLHKT engine oil pressure control
06DF = Glow plug control module 1: memory checksum error
06E0 LH cylinder {11-12} glow plug
06E4 = Control module wake-up: circuit performs poorly; Glow plug control module 1: poor performance
06E6 OLH sensor power supply C
06E9 = Starter: poor performance; Nitrogen oxide sensor processor performs poorly, bank 1 sensor 1; Nitrogen oxide sensor processor performs poorly, bank 1 sensor 2; Fuel injector control module asks for the engine lamp
06ED LH engine speed output
06EF = Engine restart: poor performance
06F0 FPLH reductant control module internal temperature sensor
06F4 F stop-start mode lamp
06F5 = Glow plug control module 2: fault
06F6 OLH glow plug control module 2
06F9 = Glow plug control module 2: system voltage fault; Glow plug control module 2: poor performance; Glow plug control module 2: memory checksum error
06FC FP communication of glow plug control module 2 with the engine control module
06FE = Cold start: diesel intake air flow control performs poorly; Economy mode lamp: circuit fault
"""
